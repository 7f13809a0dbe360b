import type { AdminOptions } from "@spendfuse/adapters/admin"
import { source as axe } from "axe-core"
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core"
import { expect } from "vitest"
import { ANN, openWorld, type World } from "../harness.ts"
import { type Served, serve } from "./served.ts"

/** A console in a browser, and the fuse that it shows. */
export interface Opened extends AsyncDisposable {
  readonly world: World
  readonly served: Served
  readonly page: Page
  /** What the browser complained of: a broken policy of the page, an error of its script. */
  readonly complaints: readonly string[]
  readonly signIn: (token?: string) => Promise<void>
}

export interface OpenOptions {
  readonly api?: Partial<AdminOptions>
  readonly context?: BrowserContextOptions
  /** Answers in the API's place; undefined leaves it to the API. */
  readonly before?: (request: Request) => Response | undefined
  /** The page's time stands still, until `page.clock` moves it. */
  readonly stopsTime?: boolean
}

export const opened = async (
  browser: Browser,
  { api = {}, context, before = () => undefined, stopsTime = false }: OpenOptions = {},
): Promise<Opened> => {
  const world = openWorld({ console: true, ...api })
  const served = await serve((request) => before(request) ?? world.api(request))
  const tab = await newTab(browser, context)
  const page = await tab.newPage()
  const complaints: string[] = []
  page.on("pageerror", ({ message }) => complaints.push(message))
  page.on("console", (message) => {
    const { url } = message.location()
    // A refusal of the API is a line of the browser's own; it is no fault of the page.
    if (message.type() === "error" && !url.startsWith(`${served.origin}/admin/`))
      complaints.push(message.text())
  })
  page.on("request", (request) => {
    if (!request.url().startsWith(`${served.origin}/`)) complaints.push(`asked ${request.url()}`)
  })
  if (stopsTime) await page.clock.install()
  await page.goto(`${served.origin}/admin/console`)
  return {
    world,
    served,
    page,
    complaints,
    signIn: async (token = ANN) => {
      await page.getByLabel("Your token").fill(token)
      await page.keyboard.press("Enter")
      await page.getByRole("heading", { name: "Accounts" }).waitFor()
    },
    [Symbol.asyncDispose]: async () => {
      await tab.close()
      await served[Symbol.asyncDispose]()
      await world[Symbol.asyncDispose]()
    },
  }
}

/** A tab whose pages `expectAccessible` can look at. */
export const newTab = async (
  browser: Browser,
  context: BrowserContextOptions = {},
): Promise<BrowserContext> => {
  const tab = await browser.newContext({ reducedMotion: "reduce", ...context })
  tab.setDefaultTimeout(120_000)
  await tab.addInitScript(axe)
  return tab
}

/** Holds what is on the page to all rules of axe but those of taste. */
export const expectAccessible = async (page: Page, what: string): Promise<void> => {
  const violations = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: typeof import("axe-core") }
    const { violations } = await axe.run()
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`)
  })
  expect([what, violations]).toEqual([what, []])
}

/** Nothing sticks out on the right. */
export const expectFits = async (page: Page, what: string): Promise<void> => {
  const over = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement
    const dialog = document.querySelector("dialog")
    return Math.max(scrollWidth - clientWidth, dialog ? dialog.scrollWidth - dialog.clientWidth : 0)
  })
  expect([what, over]).toEqual([what, 0])
}
