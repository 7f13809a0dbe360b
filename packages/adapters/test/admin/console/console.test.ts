import type { Browser, Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { ANN, READER, SHARED, type World } from "../harness.ts"
import { openBrowser } from "./browser.ts"
import { expectAccessible, expectFits, opened } from "./opened.ts"

let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser?.close())

const details = (page: Page, who: string) =>
  page.getByRole("button", { name: `Details of ${who}, day` })

const circuitOf = async ({ spendfuse }: World): Promise<string> =>
  (await spendfuse.account({ budget: "day", subject: { apiKey: "agent-7" } })).circuit

/** Spends for a few, and stops one. */
const spent = async (world: World): Promise<void> => {
  for (const [apiKey, usd] of [
    ["agent-7", 1],
    ["agent-8", 0.9],
    ["crawler", 0.1],
  ] as const)
    await world.spend({ apiKey }, usd)
}

describe("signing in", () => {
  it("asks once for a token, keeps it in this tab alone, and forgets it when told", async () => {
    await using console = await opened(browser)
    const { page, signIn, served } = console
    await page.getByLabel("Your token").fill("x".repeat(40))
    await page.keyboard.press("Enter")
    expect(await page.getByRole("alert").textContent()).toContain("no credential that is known")
    await signIn()
    await page.reload()
    await page.getByRole("heading", { name: "Accounts" }).waitFor()
    const kept = () => page.evaluate(() => [Object.values(sessionStorage), localStorage.length])
    expect(await kept()).toEqual([[ANN], 0])
    expect(await page.context().cookies()).toEqual([])
    const tab = await page.context().newPage()
    await tab.goto(`${served.origin}/admin/console`)
    await tab.getByLabel("Your token").waitFor()
    await page.getByRole("button", { name: "Sign out" }).click()
    await page.getByLabel("Your token").waitFor()
    expect(await kept()).toEqual([[], 0])
    expect(console.complaints).toEqual([])
  })

  it("is the host's own where it has one, and asks for no token then", async () => {
    await using console = await opened(browser, { api: { auth: () => ({ by: "ann" }) } })
    await console.page.getByRole("heading", { name: "Accounts" }).waitFor()
    expect(await console.page.getByRole("button", { name: "Sign out" }).count()).toBe(0)
  })

  it("with a credential that may only read, shows all and offers nothing", async () => {
    await using console = await opened(browser)
    const { world, page, signIn } = console
    await spent(world)
    await signIn(READER)
    await details(page, "agent-7").click()
    await page.getByText("Your credential may only read.").waitFor()
    for (const name of ["Acknowledge", "Kill switch", "Turn"])
      expect(await page.getByRole("button", { name }).count()).toBe(0)
  })
})

describe("acknowledging", () => {
  it("goes by the keyboard alone: what was seen, a step, a reason, and back to where one was", async () => {
    await using console = await opened(browser)
    const { world, page, signIn } = console
    await spent(world)
    await signIn()
    await details(page, "agent-7").focus()
    await page.keyboard.press("Enter")
    await page.getByRole("heading", { name: "Acknowledge" }).waitFor()
    expect(await page.getByRole("dialog", { name: "agent-7, day" }).count()).toBe(1)
    const reached: string[] = []
    const tabTo = async (name: RegExp): Promise<void> => {
      for (let n = 0; n < 12; n += 1) {
        await page.keyboard.press("Tab")
        const text = await page.evaluate(() => {
          const at = document.activeElement
          const label = at instanceof HTMLInputElement || at instanceof HTMLTextAreaElement
          return (label ? at.labels?.[0]?.textContent : at?.textContent) ?? ""
        })
        reached.push(text)
        if (name.test(text)) return
      }
      throw new Error(`no focus on ${name}: ${reached.join(", ")}`)
    }
    await tabTo(/Step in dollars/)
    await page.keyboard.press("ControlOrMeta+a")
    await page.keyboard.type("0.25")
    await tabTo(/Reason/)
    await page.keyboard.type("the loop is stopped")
    await tabTo(/Acknowledge as ann/)
    await page.keyboard.press("Enter")
    const said = page.getByText("Acknowledged. The audit has your name and reason.")
    await said.waitFor()
    expect(await said.evaluate((element) => element === document.activeElement)).toBe(true)
    await page.keyboard.press("Escape")
    await page.getByRole("dialog").waitFor({ state: "detached" })
    expect(await details(page, "agent-7").evaluate((one) => one === document.activeElement)).toBe(
      true,
    )
    const account = { budget: "day", subject: { apiKey: "agent-7" } }
    expect(await world.spendfuse.account(account)).toMatchObject({
      circuit: "closed",
      remaining: 250_000_000,
    })
    expect((await world.store.audit({ limit: 10 })).items).toMatchObject([
      { verb: "acknowledge", target: "day/agent-7", by: "ann", why: "the loop is stopped" },
    ])
    expect(console.complaints).toEqual([])
  })

  it("asks who it is where a token is shared, and sends again what may not have been done", async () => {
    let isDown = true
    await using console = await opened(browser, {
      before: ({ method }) =>
        method === "POST" && isDown
          ? Response.json({ detail: "the store did not answer" }, { status: 503 })
          : undefined,
    })
    const { world, page, signIn } = console
    await spent(world)
    await signIn(SHARED)
    await details(page, "agent-7").click()
    await page.getByLabel("Your name").fill("Bob")
    await page.getByLabel("Reason").fill("seen")
    await page.getByLabel("up to the next level").check()
    const send = page.getByRole("button", { name: "Acknowledge", exact: true })
    await send.click()
    await page.getByRole("dialog").getByRole("alert").waitFor()
    await expectAccessible(page, "a failure in a form")
    isDown = false
    await send.click()
    await page.getByText("Acknowledged.").waitFor()
    expect(await circuitOf(world)).toBe("closed")
    expect((await world.store.audit({ limit: 10 })).items).toMatchObject([{ by: "Bob" }])
  })

  it("does not touch a later opening than the one that was shown", async () => {
    await using console = await opened(browser)
    const { world, page, signIn } = console
    await spent(world)
    await signIn()
    await details(page, "agent-7").click()
    await page.getByLabel("Reason").fill("seen")
    const account = { budget: "day", subject: { apiKey: "agent-7" } }
    await world.spendfuse.operator.acknowledge(account, { by: "bob", why: "first" })
    await world.spend({ apiKey: "agent-7" }, 1)
    await page.getByRole("button", { name: "Acknowledge as ann" }).click()
    await page.getByText("It has opened again since.").waitFor()
    await page.getByText(/bob acknowledged it at .* first\. Close this and look again\./).waitFor()
    expect(await circuitOf(world)).toBe("latched")
  })
})

describe("the rest of the hand", () => {
  it("turns a key off with a reason, and on again", async () => {
    await using console = await opened(browser)
    const { world, page, signIn } = console
    await spent(world)
    await signIn()
    const turn = async (verb: string): Promise<void> => {
      await page.getByLabel("Reason").fill("odd prompts")
      await page.getByRole("button", { name: `${verb} as ann` }).click()
      await page.getByText("The audit has your name and reason.").waitFor()
      await page.getByRole("button", { name: "Close" }).click()
    }
    await details(page, "crawler").click()
    await page.getByRole("button", { name: "Turn off apiKey crawler" }).click()
    await turn("Turn off")
    expect(await details(page, "crawler").evaluate((one) => one === document.activeElement)).toBe(
      true,
    )
    const reserve = () =>
      world.spendfuse.reserve({ subject: { apiKey: "crawler" }, amounts: { usd: 1, tokens: 1 } })
    expect(await reserve()).toMatchObject({ allowed: false, reason: "switched-off" })
    await page.getByRole("button", { name: "Kill switch" }).click()
    await page.getByLabel("What").selectOption("apiKey")
    await page.getByLabel("Which apiKey").fill("crawler")
    await page.getByLabel("on again").check()
    await turn("Turn on")
    const decision = await reserve()
    expect(decision).toMatchObject({ allowed: true })
    if (decision.allowed) await decision.release()
  })

  it("shows what was not delivered, and sends it again", async () => {
    const event = { kind: "expired", id: "x", atMs: 1, channels: ["slack"], reservation: "s/1" }
    const row = { id: "x#slack", channel: "slack", account: "", event, dueAtMs: 2, attempts: 3 }
    const letters = [{ ...row, createdAtMs: 1, why: "status 404" }]
    const asked: unknown[] = []
    await using inner = await opened(browser)
    const store = {
      ...inner.world.store,
      deadLetters: async () => ({ items: letters as never, next: null }),
      resend: async (ids: readonly string[]) => {
        letters.length = 0
        return asked.push(ids)
      },
    }
    await using console = await opened(browser, { api: { store } })
    await console.signIn()
    await console.page.getByText("3 tries; status 404").waitFor()
    await expectAccessible(console.page, "a dead letter")
    await console.page.getByRole("button", { name: "Send again" }).click()
    await console.page.getByText("1 is sent again.").waitFor()
    await console.page.getByText("3 tries").waitFor({ state: "detached" })
    expect(asked).toEqual([["x#slack"]])
  })
})

describe("what it shows", () => {
  it("is text, whatever subjects and reasons hold, and asks nobody else", async () => {
    await using console = await opened(browser)
    const { world, page, signIn } = console
    const odd = [
      `<img src=x onerror="globalThis.canary=1">`,
      `"><script>globalThis.canary=1</script>`,
      "javascript:globalThis.canary=1",
      "{{constructor.constructor('canary=1')()}}",
      "\u202egnp.exe",
      "",
    ]
    for (const apiKey of odd) await world.spend({ apiKey }, 1)
    const account = { budget: "day", subject: { apiKey: odd[0] ?? "" } }
    await world.spendfuse.operator.trip(account, { by: odd[0] ?? "", why: "<b>x", coolDownMs: 1e6 })
    await signIn()
    for (const who of odd.slice(0, 4)) await details(page, who).first().waitFor()
    await page.getByText("<b>x").first().waitFor()
    await page.getByRole("button", { name: /Details of <img/ }).click()
    await page.getByRole("button", { name: /Turn off apiKey <img/ }).waitFor()
    const found = await page.evaluate(() => ({
      canary: "canary" in globalThis,
      strange: document.querySelectorAll("img, a, iframe, b, script:not(body > script)").length,
      turned: document.querySelector("main")?.textContent.includes("\u202e"),
    }))
    expect(found).toEqual({ canary: false, strange: 0, turned: false })
    expect(console.complaints).toEqual([])
  })

  it("puts what is stopped first, and orders the rest by its distance to the cap or its burn", async () => {
    await using console = await opened(browser)
    const { world, page, signIn } = console
    await spent(world)
    await signIn()
    const names = async (): Promise<readonly string[]> => {
      await page.mouse.move(0, 0)
      return (await page.getByRole("listitem").getByRole("heading").allInnerTexts()).filter(
        (text) => text.endsWith("day"),
      )
    }
    await details(page, "agent-7").waitFor()
    expect(await names()).toEqual(["agent-7 day", "agent-8 day", "crawler day"])
    await page.getByLabel("Order").selectOption("name")
    await page.getByLabel("Find").fill("agent")
    expect(await names()).toEqual(["agent-7 day", "agent-8 day"])
    expect(await page.getByRole("img", { name: /Spent since .*to \$1$/ }).count()).toBeGreaterThan(
      0,
    )
  })

  it("is live: at rest while hidden, at once when shown, and seldom while nobody answers", async () => {
    let isDown = false
    await using console = await opened(browser, {
      stopsTime: true,
      before: ({ url }) =>
        isDown && url.includes("/accounts") ? new Response(null, { status: 500 }) : undefined,
    })
    const { world, page, served, signIn } = console
    await signIn()
    await page.getByText("Nothing has been spent yet.").waitFor()
    await spent(world)
    await page.clock.runFor(6_000)
    await details(page, "agent-7").waitFor()
    const looks = (): number => served.asked.filter((one) => one === "GET /admin/accounts").length
    const see = (state: string): Promise<void> =>
      page.evaluate((now) => {
        Object.defineProperty(document, "visibilityState", { configurable: true, value: now })
        document.dispatchEvent(new Event("visibilitychange"))
      }, state)
    await see("hidden")
    const before = looks()
    await page.clock.runFor(600_000)
    expect(looks()).toBe(before)
    isDown = true
    await see("visible")
    await page.getByText("Not live: the server answered 500").waitFor()
    await expectAccessible(page, "while nobody answers")
    const failing = looks()
    for (let n = 0; n < 60; n += 1) await page.clock.runFor(10_000)
    expect(looks() - failing).toBeLessThan(20)
    isDown = false
    const live = page.getByText("Live", { exact: true })
    // A look that is on its way is answered in real time, and only then is the next one set.
    for (let n = 0; n < 100 && !(await live.isVisible()); n += 1) await page.clock.runFor(10_000)
    await live.waitFor()
  })
})

describe("for everybody", () => {
  const screens = {
    phone: { viewport: { width: 360, height: 740 }, hasTouch: true },
    desktop: { viewport: { width: 1280, height: 900 } },
  } as const
  for (const [screen, context] of Object.entries(screens))
    for (const colorScheme of ["light", "dark"] as const)
      it(`keeps the rules of axe and the edges of a ${screen}, ${colorScheme}`, async () => {
        await using console = await opened(browser, { context: { ...context, colorScheme } })
        const { world, page, signIn } = console
        const holds = async (what: string): Promise<void> => {
          await expectAccessible(page, what)
          await expectFits(page, what)
        }
        await holds("signing in")
        await signIn()
        await page.getByText("Nothing has been spent yet.").waitFor()
        await holds("empty")
        await spent(world)
        await world.spend({ apiKey: `long-${"x".repeat(200)}`, team: "a/b c", user: "u" }, 0.5)
        await page.reload()
        await details(page, "agent-7").waitFor()
        await page.getByText("Live", { exact: true }).waitFor()
        await holds("data")
        await details(page, "agent-7").click()
        await page.getByLabel("Reason").waitFor()
        await holds("an account")
        await page.keyboard.press("Escape")
        await page.getByRole("button", { name: "Kill switch" }).click()
        await holds("the kill switch")
        expect(console.complaints).toEqual([])
      })
})
