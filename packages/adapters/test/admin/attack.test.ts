import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { decodeKey, encodeKey } from "../../src/admin/keyText.ts"
import { ANN, ORIGIN, openWorld, READER, SHARED } from "./harness.ts"

const RUNS = {
  numRuns: Number(process.env.LAW_RUNS ?? 100),
  seed: Number(process.env.LAW_SEED ?? 20_260_115),
}
const ODD = [
  "",
  "/",
  "//",
  "..",
  "../admin",
  "%2F",
  "%",
  "a b",
  "a+b",
  "ü",
  "\u0000",
  "\ud800",
  "\udc00x",
  "😀",
  "__proto__",
  "constructor",
  "3:abc/d",
  "?x=1#y",
  "<script>",
  "\u202e",
  "a".repeat(3_000),
]

const anyText = fc.oneof(
  fc.constantFrom(...ODD),
  fc.string({ unit: "binary", maxLength: 12 }),
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 6 })
    .map((units) => String.fromCharCode(...units)),
)

describe("odd keys", () => {
  it("each is found again by its own text, and by no other", () => {
    fc.assert(
      fc.property(anyText, (key) => {
        const text = encodeKey(key)
        expect(text).toMatch(/^[A-Za-z0-9._~%-]*$/)
        expect(decodeKey(text)).toBe(key)
      }),
      RUNS,
    )
    for (const bad of [
      "%",
      "%2",
      "%zz",
      "%C0%80",
      "%C0%AF",
      "%ED%A0%80%ED%B0%80",
      "%F4%90%80%80",
      "%FF",
      "%80",
      "%E2%82",
      "ü",
    ])
      expect([bad, decodeKey(bad)]).toEqual([bad, undefined])
  })

  it("each account is spent on, listed, shown and acknowledged as any other", async () => {
    await using world = openWorld()
    for (const apiKey of ODD) await world.spend({ apiKey, team: apiKey }, 1)
    for (const apiKey of ODD) {
      const key = `day/${apiKey}`
      const shown = await world.call("GET", `accounts/${encodeKey(key)}`)
      expect(shown.json).toMatchObject({ key, subject: { apiKey }, circuit: "latched" })
      const pair = `pair/${apiKey.length}:${apiKey}/${apiKey}`
      const both = await world.call("GET", `accounts/${encodeKey(pair)}`)
      expect(both.json.subject).toEqual({ team: apiKey, apiKey })
      const body = { account: key, why: "seen" }
      expect((await world.call("POST", "acknowledge", { body })).json.kind).toBe("acknowledged")
    }
    const keys: string[] = []
    for (let after: string | null = ""; after !== null; ) {
      const query: string = after === "" ? "" : `&after=${encodeURIComponent(after)}`
      const { json } = await world.call("GET", `accounts?limit=3${query}`)
      keys.push(...json.items.map(({ key }: { key: string }) => key))
      after = json.next
    }
    expect(keys).toEqual([...keys].sort((one, other) => (one < other ? -1 : 1)))
    expect(new Set(keys).size).toBe(2 * ODD.length + 1)
  })

  it("keys that no account has are found by no route", async () => {
    await using world = openWorld()
    for (const key of [
      "pair/3:ab/c",
      "pair/03:abc/d",
      "pair/x",
      "pair/1:a",
      "all/some",
      "day",
      "/day/a",
      "__proto__/a",
      "pair/9999999999:a/b",
    ]) {
      expect([key, (await world.call("GET", `accounts/${encodeKey(key)}`)).status]).toEqual([
        key,
        404,
      ])
      const body = { account: key, why: "x", coolDownMs: 1 }
      expect([key, (await world.call("POST", "trip", { body })).status]).toEqual([key, 404])
    }
    expect((await world.call("GET", "accounts/day%2F%C0%AF")).status).toBe(404)
  })
})

describe("bodies", () => {
  it("huge ones end unread, said to be huge or not", async () => {
    await using world = openWorld()
    const body = JSON.stringify({ account: "day/a", why: "x".repeat(70_000) })
    expect((await world.call("POST", "acknowledge", { body })).status).toBe(413)
    let pulled = 0
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        pulled += 1
        controller.enqueue(new Uint8Array(16_384))
      },
    })
    const request = new Request(`${ORIGIN}/admin/trip`, {
      method: "POST",
      body: endless,
      headers: { authorization: `Bearer ${ANN}`, "content-type": "application/json" },
      duplex: "half",
    } as RequestInit)
    expect((await world.api(request)).status).toBe(413)
    expect(pulled).toBeLessThan(10)
  })

  it("what is not JSON in UTF-8, or no object, is refused", async () => {
    await using world = openWorld()
    for (const body of [
      "",
      "{",
      "nul",
      "[]",
      "null",
      "7",
      '"x"',
      '{"__proto__":{"by":"x"},"account":"day/a","why":"x"}',
      `${"[".repeat(30_000)}`,
    ])
      expect([
        body.slice(0, 20),
        (await world.call("POST", "acknowledge", { body })).status,
      ]).toEqual([body.slice(0, 20), 400])
    const request = new Request(`${ORIGIN}/admin/trip`, {
      method: "POST",
      body: new Uint8Array([0x22, 0xff, 0x22]),
      headers: { authorization: `Bearer ${ANN}`, "content-type": "application/json" },
    })
    expect((await world.api(request)).status).toBe(400)
  })

  it("a body that breaks off is said to have ended early", async () => {
    await using world = openWorld()
    const broken = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.error(new Error("gone")),
    })
    const headers = { authorization: `Bearer ${ANN}`, "content-type": "application/json" }
    const init = { method: "POST", body: broken, headers, duplex: "half" } as RequestInit
    expect((await world.api(new Request(`${ORIGIN}/admin/trip`, init))).status).toBe(400)
  })
})

describe("canaries", () => {
  const anyJson = fc.oneof(
    fc.constant("canary-prompt-canary-prompt-canary-prompt-canary"),
    fc.jsonValue({ maxDepth: 2 }),
    fc.integer(),
  )
  const anyBody = fc.dictionary(
    fc.constantFrom(
      "account",
      "by",
      "why",
      "id",
      "amount",
      "upTo",
      "allow",
      "state",
      "dimension",
      "value",
      "coolDownMs",
      "prompt",
    ),
    anyJson,
  )

  it("no token, and nothing long that was sent amiss, is in any answer, event or audit", async () => {
    const told: unknown[] = []
    await using world = openWorld({ onError: (error) => told.push(error) })
    const paths = ["acknowledge", "trip", "switch", "adjust", "accounts", "nothing"]
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...paths),
        fc.constantFrom("GET", "POST", "PUT"),
        fc.constantFrom(ANN, READER, SHARED, "x".repeat(40)),
        anyBody,
        async (path, method, token, body) => {
          const given = method === "GET" ? { token } : { token, body }
          const { status, text, headers } = await world.call(method, path, given)
          const said = text + JSON.stringify([...headers])
          for (const secret of [ANN, READER, SHARED]) expect(said).not.toContain(secret)
          expect(status).toBeLessThan(500)
          if (status !== 200) expect(said).not.toContain("canary-prompt")
        },
      ),
      { ...RUNS, numRuns: RUNS.numRuns * 3 },
    )
    const kept = JSON.stringify([
      await world.store.events({ limit: 1_000 }),
      await world.store.audit({ limit: 1_000 }),
    ])
    for (const secret of [ANN, READER, SHARED]) expect(kept).not.toContain(secret)
    expect(told).toEqual([])
  })
})
