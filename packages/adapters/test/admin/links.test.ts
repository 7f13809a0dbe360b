import { type AcknowledgeLinksOptions, acknowledgeLinks } from "@spendfuse/adapters/admin"
import { StoreUnavailable } from "@spendfuse/core"
import { describe, expect, it } from "vitest"
import { openWorld, type World } from "./harness.ts"

const SECRET = "first-secret-0123456789-0123456789"
const NEXT = "second-secret-0123456789-0123456789"
const URL_OF_PAGE = "https://ops.example.com/ack"
const FORM = { name: "Ann", reason: "the loop is stopped" }

const linksOf = (world: World, options: Partial<AcknowledgeLinksOptions> = {}) =>
  acknowledgeLinks({
    spendfuse: world.spendfuse,
    store: world.store,
    secrets: [SECRET],
    url: URL_OF_PAGE,
    ...options,
  })

type Links = ReturnType<typeof linksOf>

const get = (links: Links, url: string | null, method = "GET") =>
  links.handle(new Request(url ?? "", { method }))

const tokenOf = (url: string | null): string => new URL(url ?? "").searchParams.get("token") ?? ""

const send = (
  links: Links,
  fields: Record<string, string> | string,
  headers: Record<string, string> = {},
) =>
  links.handle(
    new Request(URL_OF_PAGE, {
      method: "POST",
      body: typeof fields === "string" ? fields : new URLSearchParams(fields).toString(),
      headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
    }),
  )

/** A key that is latched, and a link to it. */
const latched = async (world: World, options: Partial<AcknowledgeLinksOptions> = {}) => {
  await world.spend({ apiKey: "agent-7" }, 1)
  const links = linksOf(world, options)
  const url = await links.linkForIncident("day/agent-7/1")
  return { links, url, token: tokenOf(url) }
}

const circuitOf = async (world: World, apiKey = "agent-7"): Promise<string> =>
  (await world.spendfuse.account({ budget: "day", subject: { apiKey } })).circuit

const auditOf = async (world: World) => (await world.store.audit({ limit: 100 })).items

describe("the page", () => {
  it("shows what stands and a form, bears no script, and changes nothing however often it is fetched", async () => {
    await using world = openWorld()
    const { links, url, token } = await latched(world)
    for (let n = 0; n < 5; n += 1) {
      const response = await get(links, url)
      expect(response.status).toBe(200)
      const html = await response.text()
      expect(html).toContain("<h1>Acknowledge day of agent-7</h1>")
      expect(html).toContain("latched: calls are refused until a person acknowledges")
      expect(html).toContain("$1 of $1")
      expect(html).toContain('<html lang="en">')
      for (const field of ["name", "reason"])
        expect(html).toMatch(new RegExp(`<label for="${field}">`))
      expect(html).toContain('<form method="post" action="/ack">')
      expect(html).not.toMatch(/<script|javascript:|\son\w+=|https?:/i)
      expect(html.split(token)).toHaveLength(2)
    }
    expect(await (await get(links, url, "HEAD")).text()).toBe("")
    expect(await circuitOf(world)).toBe("latched")
    expect(await auditOf(world)).toEqual([])
  })

  it("is kept nowhere, sends no referrer, is framed by nobody, and its policy names its one style", async () => {
    await using world = openWorld()
    const { links, url } = await latched(world)
    const response = await get(links, url)
    const { headers } = response
    expect(headers.get("referrer-policy")).toBe("no-referrer")
    expect(headers.get("cache-control")).toBe("no-store")
    expect(headers.get("x-frame-options")).toBe("DENY")
    const style = /<style>([\s\S]*)<\/style>/.exec(await response.text())?.[1] ?? ""
    const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(style))
    const source = `'sha256-${btoa(String.fromCharCode(...new Uint8Array(hash)))}'`
    expect(headers.get("content-security-policy")).toBe(
      `default-src 'none'; style-src ${source}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
    )
  })

  it("shows subjects, names and reasons as text, whatever is in them", async () => {
    await using world = openWorld()
    const apiKey = `"><script>alert(1)</script>'&\u202e\ud800`
    await world.spend({ apiKey }, 1)
    const links = linksOf(world)
    const url = await links.linkFor(`day/${apiKey}`, 1)
    const first = await (await get(links, url)).text()
    const again = await (
      await send(links, { token: tokenOf(url), name: `"><img src=x>`, reason: "" })
    ).text()
    for (const html of [first, again]) {
      expect(html).not.toMatch(/<script|<img|\u202e/)
      expect(html).toContain("&#60;script&#62;")
    }
    expect(again).toContain('value="&#34;&#62;&#60;img src=x&#62;"')
    expect((await send(links, { token: tokenOf(url), ...FORM })).status).toBe(200)
    expect(await circuitOf(world, apiKey)).toBe("closed")
  })
})

describe("the form", () => {
  it("acknowledges, and the audit has the name, that it was by link, and the reason", async () => {
    await using world = openWorld()
    const { links, token } = await latched(world)
    const response = await send(links, { token, upTo: "1000000000", ...FORM })
    expect(response.status).toBe(200)
    expect(await response.text()).toContain("<h1>Acknowledged</h1>")
    expect(await circuitOf(world)).toBe("closed")
    expect(await auditOf(world)).toMatchObject([
      { verb: "acknowledge", by: "Ann by link", why: FORM.reason, target: "day/agent-7" },
    ])
  })

  it("asks again for what is missing, with what was written, and nothing is changed", async () => {
    await using world = openWorld()
    const { links, token } = await latched(world)
    for (const fields of [
      { name: " ", reason: "x" },
      { name: "Ann", reason: "" },
      { name: "a".repeat(81), reason: "x" },
      { name: "Ann", reason: "r".repeat(501) },
    ]) {
      const response = await send(links, { token, ...fields })
      expect(response.status).toBe(422)
      const html = await response.text()
      expect(html).toContain('role="alert"')
      if (fields.name === "Ann") expect(html).toContain('value="Ann"')
    }
    expect(await circuitOf(world)).toBe("latched")
  })

  it("acknowledges no more than was shown, and no more than there is", async () => {
    await using world = openWorld()
    const { links } = await latched(world)
    await world.spendfuse.operator.adjust(
      { budget: "day", subject: { apiKey: "agent-7" } },
      { by: "bob", why: "late invoice", amount: 1_500_000_000 },
    )
    const token = tokenOf(await links.linkFor("day/agent-7", 2))
    await send(links, { token, upTo: "1000000000", ...FORM })
    const shown = await world.spendfuse.account({ budget: "day", subject: { apiKey: "agent-7" } })
    expect(shown).toMatchObject({ circuit: "closed", cap: 2_000_000_000 })
    await using other = openWorld()
    const greedy = await latched(other)
    await send(greedy.links, { token: greedy.token, upTo: "9999999999999999", ...FORM })
    const after = await other.spendfuse.account({ budget: "day", subject: { apiKey: "agent-7" } })
    expect(after.cap).toBe(2_000_000_000)
  })

  it("is taken from its own page alone, and only as a form of bounded size", async () => {
    await using world = openWorld()
    const { links, token } = await latched(world)
    const fields = { token, ...FORM }
    for (const headers of [
      { origin: "https://evil.example" },
      { "sec-fetch-site": "cross-site" },
      { origin: "null", "sec-fetch-site": "cross-site" },
    ])
      expect((await send(links, fields, headers as Record<string, string>)).status).toBe(403)
    for (const type of ["text/plain", "application/json", ""])
      expect((await send(links, fields, { "content-type": type })).status).toBe(415)
    expect((await send(links, { ...fields, more: "x".repeat(20_000) })).status).toBe(413)
    expect((await send(links, `${new URLSearchParams(fields)}&token=${token}`)).status).toBe(403)
    for (const method of ["PUT", "DELETE", "PATCH", "OPTIONS"])
      expect((await get(links, URL_OF_PAGE, method)).status).toBe(405)
    expect(await circuitOf(world)).toBe("latched")
    // What browsers send from a page without a referrer.
    expect(
      (await send(links, fields, { origin: "null", "sec-fetch-site": "same-origin" })).status,
    ).toBe(200)
  })
})

describe("a link", () => {
  it("that was used does nothing again, even where more is to acknowledge by then", async () => {
    await using world = openWorld()
    const { links, token, url } = await latched(world)
    await send(links, { token, ...FORM })
    const page = await get(links, url)
    expect(page.status).toBe(200)
    const twice = await send(links, { token, ...FORM })
    expect(await twice.text()).toMatch(/used|before|Nothing to acknowledge/)
    await world.spend({ apiKey: "agent-7" }, 1)
    expect(await circuitOf(world)).toBe("latched")
    const late = await send(links, { token, ...FORM })
    expect(await late.text()).toContain("Nothing was changed")
    expect((await get(links, url)).status).toBe(409)
    expect(await circuitOf(world)).toBe("latched")
    expect(await auditOf(world)).toHaveLength(1)
  })

  it("that was used does nothing again where the generation is the same: a level that only blocks", async () => {
    await using world = openWorld()
    const account = { budget: "hard", subject: { user: "u" } }
    const links = linksOf(world)
    const token = tokenOf(await links.linkFor("hard/u", 0))
    await world.spend({ apiKey: "a", user: "u" }, 0.5)
    await world.spend({ apiKey: "b", user: "u" }, 0.5)
    expect(await (await send(links, { token, ...FORM })).text()).toContain("<h1>Acknowledged</h1>")
    expect((await world.spendfuse.account(account)).cap).toBe(2_000_000_000)
    await world.spend({ apiKey: "c", user: "u" }, 0.5)
    await world.spend({ apiKey: "d", user: "u" }, 0.5)
    for (const fields of [FORM, { ...FORM, name: "Mallory" }, { ...FORM, upTo: "2000000000" }]) {
      const response = await send(links, { token, ...fields })
      expect(await response.text()).toContain("<h1>This link was used</h1>")
    }
    const after = await world.spendfuse.account(account)
    expect(after).toMatchObject({ settled: 2_000_000_000, cap: 2_000_000_000, generation: 0 })
    expect(await auditOf(world)).toHaveLength(1)
  })

  it("of another person for the same opening says that it is done", async () => {
    await using world = openWorld()
    let now = Date.now()
    const { links, token } = await latched(world, { nowMs: () => now })
    now += 1
    const other = await links.linkForIncident("day/agent-7/1")
    expect(tokenOf(other)).not.toBe(token)
    await send(links, { token, ...FORM })
    const second = await send(links, { token: tokenOf(other), ...FORM, name: "Bob" })
    const said = await second.text()
    expect(said).toContain("Somebody has acknowledged it, or it is over")
    expect(said).toMatch(
      /<p>Ann by link acknowledged it at [\d:]{8} UTC on [\d-]{10}: the loop is stopped\./,
    )
    expect(await auditOf(world)).toHaveLength(1)
  })

  it("that is forged, cut, changed or of another secret shows nothing and does nothing", async () => {
    await using world = openWorld()
    const { links, token } = await latched(world)
    const [content = "", signature = ""] = token.split(".")
    const b64 = (value: unknown) =>
      btoa(JSON.stringify(value)).replaceAll("=", "").replaceAll("+", "-").replaceAll("/", "_")
    const other = linksOf(world, { secrets: [NEXT] })
    const forged = [
      "",
      ".",
      content,
      `${content}.`,
      `.${signature}`,
      `${token}.`,
      `${token}.x`,
      `${token}=`,
      `${b64(["day/agent-7", 1, 9e15])}.${signature}`,
      `${b64(["day/agent-7", 2, Date.now() + 1e6])}.${signature}`,
      `${content}.${"A".repeat(43)}`,
      `${content}A.${signature}`,
      `${content}.${signature.slice(0, -1)}${signature.endsWith("A") ? "B" : "A"}`,
      tokenOf(await other.linkFor("day/agent-7", 1)),
      "x".repeat(10_000),
      ...Array.from({ length: token.length }, (_, at) => token.slice(0, at)),
    ]
    for (const one of forged) {
      const page = await get(links, `${URL_OF_PAGE}?token=${encodeURIComponent(one)}`)
      expect([one, page.status]).toEqual([one, 403])
      expect(await page.text()).not.toContain("agent-7")
      expect((await send(links, { token: one, ...FORM })).status).toBe(403)
    }
    expect((await get(links, URL_OF_PAGE)).status).toBe(403)
    expect((await get(links, `${URL_OF_PAGE}?token=${token}&token=${token}`)).status).toBe(403)
    expect(await circuitOf(world)).toBe("latched")
  })

  it("is over at its time, and not before", async () => {
    await using world = openWorld()
    let now = Date.now()
    const { links, url, token } = await latched(world, { nowMs: () => now, validForMs: 60_000 })
    now += 59_999
    expect((await get(links, url)).status).toBe(200)
    now += 1
    expect((await get(links, url)).status).toBe(410)
    expect((await send(links, { token, ...FORM })).status).toBe(410)
    expect(await circuitOf(world)).toBe("latched")
  })

  it("outlives a change of secrets as long as the old one is named", async () => {
    await using world = openWorld()
    const { url } = await latched(world)
    const both = linksOf(world, { secrets: [NEXT, SECRET] })
    expect((await get(both, url)).status).toBe(200)
    const only = linksOf(world, { secrets: [NEXT] })
    expect((await get(only, url)).status).toBe(403)
    expect((await get(only, await both.linkFor("day/agent-7", 1))).status).toBe(200)
  })

  it("of a budget that the policy no longer has says so; a key too long for a URL has none", async () => {
    await using world = openWorld()
    const links = linksOf(world)
    expect((await get(links, await links.linkFor("week/a", 1))).status).toBe(410)
    expect(await links.linkFor(`day/${"x".repeat(2_000)}`, 1)).toBeNull()
    expect(await links.linkForIncident("day/x")).toBeNull()
  })

  it("is in no event, no audit, and no answer but its own page", async () => {
    await using world = openWorld()
    const { links, token } = await latched(world)
    const done = await send(links, { token, ...FORM })
    const said = (await done.text()) + JSON.stringify([...done.headers])
    const kept = JSON.stringify([await world.store.events({ limit: 100 }), await auditOf(world)])
    for (const part of [token, ...token.split("."), SECRET]) {
      expect(said).not.toContain(part)
      expect(kept).not.toContain(part)
    }
  })

  it("says that a store did not answer, and nothing of it; sent again it counts once", async () => {
    await using world = openWorld()
    const { token } = await latched(world)
    let down = true
    const broken = {
      ...world.spendfuse,
      account: () =>
        down
          ? Promise.reject(new StoreUnavailable("redis", new Error("canary")))
          : world.spendfuse.account({ budget: "day", subject: { apiKey: "agent-7" } }),
    }
    const links = linksOf(world, { spendfuse: broken })
    const response = await send(links, { token, ...FORM })
    expect(response.status).toBe(503)
    expect(await response.text()).not.toContain("canary")
    down = false
    expect((await send(links, { token, ...FORM })).status).toBe(200)
    expect(await auditOf(world)).toHaveLength(1)
  })
})

describe("options", () => {
  it("that cannot be used are refused, and no secret is repeated", async () => {
    await using world = openWorld()
    for (const bad of [
      { secrets: [] },
      { secrets: ["short-canary"] },
      { url: "http://ops.example.com/ack" },
      { url: "/ack" },
      { url: `${URL_OF_PAGE}?x=1` },
      { validForMs: 0 },
      { validForMs: 86_400_001 },
    ]) {
      expect(() => linksOf(world, bad)).toThrow(TypeError)
      expect(() => linksOf(world, bad)).not.toThrow(/canary/)
    }
  })
})
