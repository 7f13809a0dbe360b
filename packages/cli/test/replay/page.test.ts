import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { openBrowser } from "../../../adapters/test/admin/console/browser.ts"
import {
  expectAccessible,
  expectFits,
  newTab,
} from "../../../adapters/test/admin/console/opened.ts"
import { run } from "../fakeIo.ts"

let browser: Awaited<ReturnType<typeof openBrowser>>
let folder: string
beforeAll(async () => {
  browser = await openBrowser()
  folder = mkdtempSync(join(tmpdir(), "replay-page-"))
  await run(
    ["replay", "log.csv", "--policy", "tight.json", "--against", "wide.json", "--html", path()],
    FILES,
  )
})
afterAll(async () => {
  await browser?.close()
  rmSync(folder, { recursive: true, force: true })
})

const path = (): string => join(folder, "page.html")

const LONG = "all-keys-of-a-team-with-a-rather-long-name"
const UNREAD = "TenantIdentifierOfTheCustomer".repeat(3)

const policyOf = (usd: number, tier: object): string =>
  JSON.stringify({
    budgets: [
      {
        id: LONG,
        per: ["apiKey"],
        limit: { usd },
        window: "hour",
        tiers: [
          { at: "50%", notify: ["chat"] },
          { at: "100%", notify: ["pager"], ...tier },
        ],
      },
    ],
    unknownModel: "refuse",
    onStoreUnavailable: "deny",
    maxOutputTokens: 4_000,
  })

/** Three days, a call each ten minutes; each third of them costs a dollar. */
const LOG = [
  `time,apiKey,model,input_tokens,output_tokens,cost,${UNREAD}`,
  ...Array.from({ length: 432 }, (_, at) => {
    const time = new Date(Date.UTC(2026, 0, 30) + at * 600_000).toISOString()
    return `${time},key-${at % 2},gpt-5,1000,200,${at % 3 === 0 ? 1 : 0.01},x`
  }),
].join("\n")

const FILES = {
  "log.csv": LOG,
  "tight.json": policyOf(2, { trip: { coolDown: "1h" } }),
  "wide.json": policyOf(500, { block: true }),
}

/** Each width in both lights. */
const LOOKS = [1_040, 360].flatMap((width) =>
  (["light", "dark"] as const).map((colorScheme) => [width, colorScheme] as const),
)

describe("the page of a replay", () => {
  it.each(LOOKS)(
    "%d pixels wide, %s: draws all, loads nothing, fits, and is accessible",
    async (width, colorScheme) => {
      const tab = await newTab(browser, { viewport: { width, height: 800 }, colorScheme })
      const page = await tab.newPage()
      const complaints: string[] = []
      page.on("pageerror", ({ message }) => complaints.push(message))
      page.on("console", (message) => complaints.push(`${message.type()}: ${message.text()}`))
      page.on("request", (request) => {
        if (request.url() !== pathToFileURL(path()).href) complaints.push(`asked ${request.url()}`)
      })
      await page.goto(pathToFileURL(path()).href)
      const plots = page.getByRole("img")
      expect(await plots.count()).toBe(2)
      for (const plot of await plots.all()) expect(await plot.locator("canvas").count()).toBe(1)
      await expectFits(page, `${width} ${colorScheme}`)
      await expectAccessible(page, `${width} ${colorScheme}`)
      expect(complaints).toEqual([])
      await tab.close()
    },
  )

  it("draws in a browser whose language is none, and draws again when it becomes dark", async () => {
    const tab = await newTab(browser)
    await tab.addInitScript(() =>
      Object.defineProperty(navigator, "language", { value: "en-US@posix", configurable: true }),
    )
    const page = await tab.newPage()
    await page.goto(pathToFileURL(path()).href)
    const drawn = () => page.evaluate(() => document.querySelector("canvas")?.toDataURL())
    const light = await drawn()
    await page.emulateMedia({ colorScheme: "dark" })
    expect(light).toMatch(/^data:image/)
    await expect.poll(drawn).not.toBe(light)
    await tab.close()
  })

  it("says what was not read of the log", async () => {
    const tab = await newTab(browser)
    const page = await tab.newPage()
    await page.goto(pathToFileURL(path()).href)
    await expect
      .poll(() => page.getByText(`1 column not read: \`${UNREAD.slice(0, 40)}`).count())
      .toBe(1)
    await tab.close()
  })

  it("says who would have been told, and that nobody would have been", async () => {
    const tab = await newTab(browser)
    const page = await tab.newPage()
    await page.goto(pathToFileURL(path()).href)
    const told = page.getByRole("heading", { name: "tight.json: told" }).locator("+ ol")
    expect(await told.textContent()).toContain(`tier ${LONG} 50%`)
    const untold = page.getByRole("heading", { name: "wide.json: told" }).locator("+ p")
    expect(await untold.textContent()).toBe("Nobody would have been told anything.")
    await tab.close()
  })
})
