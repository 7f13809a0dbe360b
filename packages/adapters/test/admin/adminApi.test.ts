import { Validator } from "@seriousme/openapi-schema-validator"
import { adminApi, bearerTokens } from "@spendfuse/adapters/admin"
import { StoreUnavailable } from "@spendfuse/core"
import { describe, expect, it } from "vitest"
import { ANN, ORIGIN, openWorld, READER, SHARED } from "./harness.ts"
import { documentOf } from "./validator.ts"

const because = { why: "the loop is stopped" }

describe("the document", () => {
  it("is OpenAPI 3.1, by a validator of it, and names every route", async () => {
    await using world = openWorld()
    const document = await documentOf(world.api, ANN)
    const validator = new Validator()
    expect(await validator.validate(structuredClone(document))).toMatchObject({ valid: true })
    expect(validator.version).toBe("3.1")
    expect(Object.keys(document.paths).sort()).toEqual(
      "/accounts /accounts/{key} /acknowledge /adjust /audit /dead-letters /events /health /me /openapi.json /resend /switch /trip".split(
        " ",
      ),
    )
    expect(document.servers).toEqual([{ url: "/admin" }])
    expect(document.components.schemas.Adjust.required).toEqual(["account", "amount", "why"])
    expect(document.components.schemas.Amount).toMatchObject({ pattern: "^-?[0-9]+$" })
  })
})

describe("GET", () => {
  it("lists accounts by key, judged now, page by page", async () => {
    await using world = openWorld()
    for (const apiKey of ["c", "a", "b"]) await world.spend({ apiKey, team: "t/1" }, 0.25)
    const first = await world.call("GET", "accounts?limit=2")
    expect(first.json.items.map(({ key }: { key: string }) => key)).toEqual(["all/all", "day/a"])
    expect(first.json.items[1]).toEqual({
      key: "day/a",
      budget: "day",
      subject: { apiKey: "a" },
      unit: "usd",
      settled: "250000000",
      held: "0",
      limit: "1000000000",
      cap: "1000000000",
      remaining: "750000000",
      circuit: "closed",
      generation: 0,
      untilMs: null,
      level: "0",
      periodStartMs: expect.any(Number),
      periodEndMs: first.json.items[1].periodStartMs + 86_400_000,
    })
    expect(first.json.items[0]).toMatchObject({ cap: null, remaining: null, subject: {} })
    const rest = await world.call(
      "GET",
      `accounts?limit=200&after=${encodeURIComponent(first.json.next)}`,
    )
    expect(rest.json.items.map(({ key }: { key: string }) => key)).toEqual([
      "day/b",
      "day/c",
      "pair/3:t/1/a",
      "pair/3:t/1/b",
      "pair/3:t/1/c",
    ])
    expect(rest.json.next).toBeNull()
    expect(rest.json.items[2].subject).toEqual({ team: "t/1", apiKey: "a" })
  })

  it("filters by budget and by circuit", async () => {
    await using world = openWorld()
    for (const apiKey of ["a", "b", "c"])
      await world.spend({ apiKey, team: "t" }, apiKey === "b" ? 1 : 0.1)
    const keysOf = async (query: string) =>
      (await world.call("GET", `accounts?${query}`)).json.items.map(
        ({ key }: { key: string }) => key,
      )
    expect(await keysOf("budget=pair")).toEqual(["pair/1:t/a", "pair/1:t/b", "pair/1:t/c"])
    expect(await keysOf("circuit=latched")).toEqual(["day/b"])
    expect(await keysOf("circuit=latched&limit=1")).toEqual(["day/b"])
    expect(await keysOf("budget=day&circuit=closed")).toEqual(["day/a", "day/c"])
    expect(await keysOf("budget=da")).toEqual([])
  })

  it("finds every account once, page by page, whatever it is asked for", async () => {
    await using world = openWorld()
    for (let n = 0; n < 450; n += 1)
      await world.spend({ apiKey: `k${n}`, team: "t" }, n % 90 === 7 ? 1 : 0.01)
    const walk = async (query: string): Promise<number> => {
      const keys: string[] = []
      for (let after = ""; ; ) {
        const { json } = await world.call("GET", `accounts?${query}${after}`)
        keys.push(...json.items.map(({ key }: { key: string }) => key))
        if (json.next === null) break
        after = `&after=${encodeURIComponent(json.next)}`
      }
      expect(new Set(keys).size).toBe(keys.length)
      return keys.length
    }
    expect(await walk("limit=200")).toBe(901)
    expect(await walk("limit=90&budget=day")).toBe(450)
    expect(await walk("limit=2&circuit=latched")).toBe(5)
    expect(await walk("limit=5&circuit=latched&budget=day")).toBe(5)
    expect(await walk("limit=50&circuit=latched&budget=pair")).toBe(0)
    expect(await walk("limit=90&circuit=closed&budget=day")).toBe(445)
  })

  it("shows one account, used or not, and none of an unknown budget", async () => {
    await using world = openWorld()
    await world.spend({ apiKey: "a/b" }, 1)
    for (const path of ["accounts/day%2Fa%2Fb", "accounts/day/a/b"])
      expect((await world.call("GET", path)).json).toMatchObject({
        key: "day/a/b",
        circuit: "latched",
      })
    expect((await world.call("GET", "accounts/day%2Fnew")).json).toMatchObject({ settled: "0" })
    const missing = await world.call("GET", "accounts/week%2Fa")
    expect(missing.status).toBe(404)
    expect(missing.json.detail).toContain("`day/`")
  })

  it("shows the tiers of one account, by amount", async () => {
    await using world = openWorld()
    const tiersOf = async (key: string) => (await world.call("GET", `accounts/${key}`)).json.tiers
    expect(await tiersOf("day%2Fa")).toEqual([
      {
        at: "1000000000",
        repeat: "1000000000",
        percent: 100,
        effects: ["latch"],
        notify: [],
        message: "",
      },
    ])
    expect(await tiersOf("all%2Fall")).toMatchObject([
      { at: "40000000000", repeat: "0", effects: ["notify"], notify: ["log"] },
    ])
  })

  it("says whom the credential names, and what there is to operate", async () => {
    await using world = openWorld()
    const me = (await world.call("GET", "me")).json
    expect(me).toMatchObject({ by: "ann", may: "operate" })
    expect(me.dimensions).toEqual(["platform", "apiKey", "team", "user"])
    expect(me.budgets[1]).toEqual({
      id: "pair",
      per: ["team", "apiKey"],
      unit: "tokens",
      observe: false,
    })
    const shared = await world.call("GET", "me", { token: SHARED })
    expect(shared.json).toMatchObject({ by: null, may: "operate" })
    const reader = await world.call("GET", "me", { token: READER })
    expect(reader.json).toMatchObject({ by: "reader", may: "read" })
  })

  it("shows events, the audit and health; HEAD has the same headers and no body", async () => {
    await using world = openWorld()
    await world.spend({ apiKey: "a" }, 1)
    await world.call("POST", "acknowledge", { body: { account: "day/a", ...because } })
    await world.spendfuse.flush()
    const events = await world.call("GET", "events?limit=1")
    expect(events.json.items).toMatchObject([{ kind: "tier", settled: "1000000000" }])
    const rest = await world.call("GET", `events?after=${encodeURIComponent(events.json.next)}`)
    expect(rest.json.items.map(({ kind }: { kind: string }) => kind)).toEqual([
      "circuit",
      "circuit",
      "audit",
    ])
    const end = await world.call("GET", `events?after=${encodeURIComponent(rest.json.next)}`)
    expect(end.json).toEqual({ items: [], next: null })
    const audit = await world.call("GET", "audit")
    expect(audit.json.items).toMatchObject([
      { verb: "acknowledge", target: "day/a", by: "ann", ...because },
    ])
    expect((await world.call("GET", "dead-letters")).json).toEqual({ items: [], next: null })
    expect((await world.call("GET", "health")).json).toEqual({ status: "ok" })
    const head = await world.call("HEAD", "health")
    expect(head).toMatchObject({ status: 200, text: "" })
    expect(head.headers.get("content-type")).toBe("application/json")
  })

  it("changes nothing: the store is only listed and read, whatever the cursor", async () => {
    const asked: string[] = []
    await using inner = openWorld()
    const store = new Proxy(inner.store, {
      get: (target, name) => {
        asked.push(String(name))
        return Reflect.get(target, name)
      },
    })
    await using world = openWorld({ store })
    for (const path of [
      "accounts",
      "accounts/day%2Fa",
      "events",
      "audit",
      "dead-letters",
      "health",
    ])
      for (const query of ["", "?after=0", "?after=999", "?after=x&limit=1"])
        expect((await world.call("GET", path + query)).status).toBeLessThan(500)
    expect([...new Set(asked)].sort()).toEqual(["audit", "deadLetters", "events", "list"])
    expect((await world.call("GET", "audit?after=strange")).json.problems[0].path).toBe("after")
  })

  it("shows the last entries of a log, and goes on from them", async () => {
    await using world = openWorld()
    for (const apiKey of ["a", "b", "c"]) await world.spend({ apiKey }, 1)
    const last = (await world.call("GET", "events?latest=true&limit=2")).json
    expect(last.items).toMatchObject([
      {
        kind: "tier",
        account: "day/c",
        text: "c reached 100% of day: $1 of $1",
        severity: "error",
      },
      { kind: "circuit", account: "day/c", state: "latched", severity: "critical" },
    ])
    await world.spend({ apiKey: "d" }, 1)
    const { json } = await world.call("GET", `events?after=${encodeURIComponent(last.next)}`)
    expect(json.items.map(({ account }: { account: string }) => account)).toEqual([
      "day/d",
      "day/d",
    ])
    for (const query of ["latest=yes", `latest=true&after=${encodeURIComponent(last.next)}`])
      expect((await world.call("GET", `events?${query}`)).json.problems[0].path).toBe("latest")
  })

  it("sends dead letters again by their ids, for who may operate", async () => {
    await using inner = openWorld()
    const asked: unknown[] = []
    const resend = async (ids: readonly string[]) => asked.push(ids)
    await using world = openWorld({ store: { ...inner.store, resend } })
    const post = (ids: unknown, token = ANN) =>
      world.call("POST", "resend", { body: { ids }, token })
    expect((await post(["x#slack", "y#slack"])).json).toEqual({ resent: 1 })
    expect(asked).toEqual([["x#slack", "y#slack"]])
    for (const ids of [[], "x", [1], Array.from({ length: 201 }, String)])
      expect((await post(ids)).status).toBe(400)
    expect((await post(["x#slack"], READER)).status).toBe(403)
    expect(asked).toHaveLength(1)
  })

  it("shows dead letters", async () => {
    const letter = {
      id: "x#slack",
      channel: "slack",
      account: "day/a",
      event: { kind: "expired", id: "x", atMs: 1, channels: ["slack"], reservation: "s/1" },
      dueAtMs: 2,
      attempts: 3,
      createdAtMs: 1,
      why: "status 404",
    } as const
    await using world = openWorld()
    const store = {
      ...world.store,
      deadLetters: async () => ({ items: [letter], next: "x\ud800" }),
    }
    await using other = openWorld({ store })
    const { json } = await other.call("GET", "dead-letters")
    expect(json.items).toMatchObject([{ id: "x#slack", why: "status 404" }])
    expect(json.next).toBe("x%ED%A0%80")
  })
})

describe("POST", () => {
  it("acknowledges, trips, switches and adjusts, and the audit names who and why", async () => {
    await using world = openWorld()
    await world.spend({ apiKey: "a" }, 1)
    const post = (path: string, body: object) =>
      world.call("POST", path, { body: { ...because, ...body } })
    expect((await post("acknowledge", { account: "day/a", allow: "500000000" })).json).toEqual({
      kind: "acknowledged",
    })
    expect((await world.call("GET", "accounts/day%2Fa")).json).toMatchObject({
      circuit: "closed",
      remaining: "500000000",
    })
    expect((await post("acknowledge", { account: "day/none" })).json.kind).toBe(
      "nothing-to-acknowledge",
    )
    expect((await post("trip", { account: "day/a", coolDownMs: 60_000 })).json).toEqual({
      kind: "tripped",
      generation: 2,
    })
    expect((await post("acknowledge", { account: "day/a", generation: 1 })).json).toEqual({
      kind: "later-generation",
      generation: 2,
      said: expect.stringMatching(
        /^It has opened again since\. Nothing was changed\. ann opened it at [\d:]{8} UTC on [\d-]{10}: /,
      ),
    })
    expect((await post("adjust", { account: "day/a", amount: -250_000_000 })).json).toEqual({
      kind: "adjusted",
      settled: "750000000",
    })
    expect((await post("switch", { dimension: "apiKey", value: "a", state: "off" })).json).toEqual({
      kind: "switched",
    })
    expect(
      (await world.spendfuse.reserve({ subject: { apiKey: "a" }, amounts: { usd: 1 } })).allowed,
    ).toBe(false)
    const audit = await world.call("GET", "audit")
    expect(
      audit.json.items.map(({ verb, by, why }: Record<string, string>) => `${verb} ${by} ${why}`),
    ).toEqual(
      ["acknowledge", "trip", "adjust", "switch"].map((verb) => `${verb} ann ${because.why}`),
    )
  })

  it("does a command of one id once", async () => {
    await using world = openWorld()
    const body = { account: "day/a", amount: "1000", id: "refund-1", ...because }
    expect((await world.call("POST", "adjust", { body })).json).toEqual({
      kind: "adjusted",
      settled: "1000",
    })
    const again = await world.call("POST", "adjust", { body })
    expect([200, 409]).toContain(again.status)
    const other = await world.call("POST", "adjust", { body: { ...body, amount: "2000" } })
    expect(other.status).toBe(409)
    expect(["conflict", "already-answered"]).toContain(other.json.error)
    expect((await world.call("GET", "accounts/day%2Fa")).json.settled).toBe("1000")
  })

  it("takes who it is from the credential, and no other name from the body", async () => {
    await using world = openWorld()
    const trip = (body: object, token: string) =>
      world.call("POST", "trip", {
        body: { account: "day/a", coolDownMs: 1_000, ...because, ...body },
        token,
      })
    expect((await trip({ by: "bob" }, ANN)).status).toBe(403)
    expect((await trip({ by: "ann" }, ANN)).status).toBe(200)
    expect((await trip({}, READER)).status).toBe(403)
    const nameless = await trip({}, SHARED)
    expect(nameless.status).toBe(400)
    expect(nameless.json.problems).toEqual([
      { path: "by", message: 'is missing; add e.g. "by": "ann"' },
    ])
    expect((await trip({ by: "bob" }, SHARED)).status).toBe(200)
    const { items } = (await world.call("GET", "audit")).json
    expect(items.map(({ by }: { by: string }) => by)).toEqual(["ann", "bob"])
  })

  it("names path, value and mend of each thing that is wrong, and changes nothing", async () => {
    await using world = openWorld()
    const { status, json } = await world.call("POST", "adjust", {
      body: { account: 7, amount: "1.5", by: " ", whY: "typo", id: "" },
    })
    expect(status).toBe(400)
    expect(json.problems).toEqual(
      expect.arrayContaining([
        { path: "whY", message: "is not a known field; remove it" },
        { path: "why", message: "is missing; add it" },
        { path: "account", message: "`7` is not a text; see openapi.json" },
        {
          path: "amount",
          message: '`"1.5"` is not a whole number in the budget\'s unit; write e.g. "500000000"',
        },
        { path: "by", message: '`" "` is not a name; write e.g. "ann"' },
        { path: "id", message: '`""` is not an id; write e.g. "incident-42"' },
      ]),
    )
    const query = await world.call("GET", "accounts?limit=0&limit=1&circuit=ajar")
    expect(query.json.problems).toEqual([
      { path: "limit", message: "is given twice; give it once" },
    ])
    const circuit = await world.call("GET", "accounts?circuit=ajar&limit=999&x=1&after=%FF")
    expect(circuit.json.problems).toHaveLength(3)
    expect((await world.call("GET", "events?after=%25zz")).json.problems[0].path).toBe("after")
    expect((await world.call("GET", "audit")).json.items).toEqual([])
  })

  it("refuses amounts above 2^53 − 1", async () => {
    await using world = openWorld()
    const body = { account: "day/a", amount: "9999999999999999", ...because }
    expect((await world.call("POST", "adjust", { body })).json.problems).toEqual([
      { path: "amount", message: "`9999999999999999` is above 2^53 − 1; write less" },
    ])
  })
})

describe("a store that fails", () => {
  it("is 503, says nothing of it, and the host hears it", async () => {
    await using world = openWorld()
    const cause = new Error("redis://:canary@10.0.0.1")
    const heard: unknown[] = []
    const store = {
      ...world.store,
      list: () => Promise.reject(new StoreUnavailable("redis", cause)),
    }
    await using other = openWorld({ store, onError: (error) => heard.push(error) })
    const { status, json, text } = await other.call("GET", "health")
    expect({ status, error: json.error }).toEqual({ status: 503, error: "store-unavailable" })
    expect(text).not.toContain("canary")
    expect(heard).toHaveLength(1)
  })

  it("answers 501 for lists without a store", async () => {
    await using world = openWorld()
    const api = adminApi({ spendfuse: world.spendfuse, auth: bearerTokens({ ann: ANN }) })
    const response = await api(
      new Request(`${ORIGIN}/accounts`, { headers: { authorization: `Bearer ${ANN}` } }),
    )
    expect(response.status).toBe(501)
  })
})
