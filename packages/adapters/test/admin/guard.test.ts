import { type Auth, adminApi, bearerTokens } from "@spendfuse/adapters/admin"
import { describe, expect, it } from "vitest"
import { ANN, expectSafe, ORIGIN, openWorld, READER } from "./harness.ts"

const trip = { account: "day/a", coolDownMs: 1_000, why: "odd prompts" }
const PATHS = [
  "accounts",
  "accounts/day%2Fa",
  "events",
  "audit",
  "dead-letters",
  "health",
  "me",
  "openapi.json",
  "nothing",
]
const COMMANDS = ["acknowledge", "trip", "switch", "adjust", "resend"]

describe("without a credential", () => {
  it("everything is refused, whatever the path and the method", async () => {
    await using world = openWorld()
    for (const path of [...PATHS, ...COMMANDS])
      for (const method of ["GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH"]) {
        await using fresh = openWorld()
        const { status, headers } = await fresh.call(method, path, { token: null })
        expect([path, method, status]).toEqual([path, method, 401])
        expect(headers.get("www-authenticate")).toBe('Bearer realm="spendfuse"')
      }
    expect((await world.call("GET", "audit")).json.items).toEqual([])
  })

  it("no form of a header gets in but the one", async () => {
    const wrong = [
      "",
      "Bearer",
      "Bearer ",
      ANN,
      `Basic ${ANN}`,
      `Bearer ${ANN.slice(0, -1)}`,
      `Bearer ${ANN}x`,
      `Bearer ${ANN.toUpperCase()}`,
      `Bearer ${ANN}, Bearer ${ANN}`,
      `Bearer ${ANN},`,
      `Bearer ${"a".repeat(100_000)}`,
      "Bearer sha256:0000000000000000000000000000000000000000000000000000000000000000",
    ]
    for (const authorization of wrong) {
      await using world = openWorld()
      expect(
        (await world.call("GET", "health", { token: null, headers: { authorization } })).status,
      ).toBe(401)
    }
    await using world = openWorld()
    const headers = new Headers()
    headers.append("authorization", `Bearer ${READER}`)
    headers.append("authorization", `Bearer ${ANN}`)
    const doubled = await world.api(new Request(`${ORIGIN}/admin/health`, { headers }))
    expect(doubled.status).toBe(401)
    expect(
      (
        await world.call("GET", "health", {
          token: null,
          headers: { authorization: `bearer   ${ANN}` },
        })
      ).status,
    ).toBe(200)
  })

  it("10,000 wrong tokens are throttled, in bounded memory, and lock nobody out", async () => {
    await using world = openWorld()
    const statuses = new Map<number, number>()
    for (let n = 0; n < 10_000; n += 1) {
      const authorization = `Bearer ${String(n).padStart(40, "x")}`
      const { status } = await world.api(
        new Request(`${ORIGIN}/admin/health`, { headers: { authorization } }),
      )
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
    expect(Object.fromEntries(statuses)).toEqual({ 401: 20, 429: 9_980 })
    expect((await world.call("GET", "health")).status).toBe(200)
  })

  it("a client of its own is turned away unlooked at, and others are not", async () => {
    let now = 1_000
    let asked = 0
    const tokens = bearerTokens({ ann: ANN })
    const auth: Auth = (request) => {
      asked += 1
      return tokens(request)
    }
    const clientOf = (request: Request): string => request.headers.get("x-client") ?? ""
    await using world = openWorld({ auth, clientOf, nowMs: () => now })
    const call = (client: string, token: string) =>
      world.call("GET", "health", { token, headers: { "x-client": client } })
    for (let n = 0; n < 20; n += 1) expect((await call("mallory", "x".repeat(40))).status).toBe(401)
    const before = asked
    const { status, headers } = await call("mallory", ANN)
    expect({ status, wait: headers.get("retry-after"), asked }).toEqual({
      status: 429,
      wait: "60",
      asked: before,
    })
    expect((await call("ann", ANN)).status).toBe(200)
    now += 60_000
    expect((await call("mallory", ANN)).status).toBe(200)
  })
})

describe("auth", () => {
  it("has no default", async () => {
    await using world = openWorld()
    const bare = { spendfuse: world.spendfuse } as unknown as Parameters<typeof adminApi>[0]
    expect(() => adminApi(bare)).toThrow("`auth` is missing")
  })

  it("tokens may be given by their hash; short, odd and doubled ones are refused unrepeated", async () => {
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(ANN))
    const hash = Array.from(new Uint8Array(digest), (byte) =>
      byte.toString(16).padStart(2, "0"),
    ).join("")
    await using world = openWorld({ auth: bearerTokens({ ann: `sha256:${hash}` }) })
    expect((await world.call("GET", "health")).status).toBe(200)
    expect((await world.call("GET", "health", { token: hash })).status).toBe(401)
    for (const people of [
      {},
      { ann: "short-canary" },
      { "": ANN },
      { ann: `sha256:${hash}0` },
      { ann: ANN, bob: ANN },
    ])
      expect(() => bearerTokens(people)).toThrow(TypeError)
    expect(() => bearerTokens({ ann: "short-canary" })).not.toThrow(/canary/)
  })

  it("a hook of one's own answers who, a Response, or nobody; a mistake in it lets nobody in", async () => {
    const statusOf = async (found: unknown): Promise<number> => {
      await using world = openWorld({ auth: (() => found) as Auth })
      const response = await world.api(new Request(`${ORIGIN}/admin/health`))
      return response.status
    }
    expect(await statusOf({ by: "ann" })).toBe(200)
    expect(await statusOf({ by: null })).toBe(200)
    expect(
      await statusOf(new Response(null, { status: 303, headers: { location: "/sign-in" } })),
    ).toBe(303)
    for (const bad of [
      null,
      undefined,
      true,
      "ann",
      {},
      { by: "" },
      { by: 7 },
      { by: undefined },
      { by: "a", may: "all" },
    ])
      expect(await statusOf(bad)).toBe(401)
    const told: unknown[] = []
    await using world = openWorld({
      auth: () => Promise.reject(new Error("canary")),
      onError: (error) => told.push(error),
    })
    const response = await world.api(new Request(`${ORIGIN}/admin/health`))
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain("canary")
    expect(told).toHaveLength(1)
  })
})

describe("from a browser", () => {
  const post = async (headers: Record<string, string>, options = {}): Promise<number> => {
    await using world = openWorld(options)
    const { status } = await world.call("POST", "trip", { body: trip, headers })
    const { items } = (await world.call("GET", "audit")).json
    expect(items).toHaveLength(status === 200 ? 1 : 0)
    return status
  }

  it("only pages of the same origin may send commands", async () => {
    expect(await post({})).toBe(200)
    expect(await post({ origin: ORIGIN })).toBe(200)
    expect(await post({ origin: ORIGIN, "sec-fetch-site": "same-origin" })).toBe(200)
    for (const origin of [
      "https://evil.example",
      "null",
      `${ORIGIN}.evil.example`,
      "http://ops.example.com",
      `${ORIGIN}, ${ORIGIN}`,
    ])
      expect(await post({ origin })).toBe(403)
    for (const site of ["cross-site", "same-site", "none", "same-origin, cross-site"])
      expect(await post({ "sec-fetch-site": site })).toBe(403)
    expect(await post({ origin: ORIGIN, "sec-fetch-site": "cross-site" })).toBe(403)
  })

  it("origins of the host's configuration are permitted, and no others", async () => {
    const allowOrigins = ["https://console.example.com"]
    expect(
      await post(
        { origin: "https://console.example.com", "sec-fetch-site": "same-site" },
        { allowOrigins },
      ),
    ).toBe(200)
    expect(await post({ origin: "https://console.example.org" }, { allowOrigins })).toBe(403)
    for (const bad of ["*", "null", "https://a.example/", "a.example"])
      await expect(post({}, { allowOrigins: [bad] })).rejects.toThrow("is no origin")
  })

  it("only JSON is taken: no form of a page can be that", async () => {
    for (const type of [
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
      "application/json, text/plain",
      "application/jsonp",
      "application/json; charset=utf-16",
      "",
    ])
      expect(await post({ "content-type": type })).toBe(415)
    expect(await post({ "content-type": "application/json; charset=UTF-8" })).toBe(200)
  })

  it("no answer is for other origins", async () => {
    await using world = openWorld()
    const preflight = { origin: "https://evil.example", "access-control-request-method": "POST" }
    const { headers, status } = await world.call("OPTIONS", "trip", { headers: preflight })
    expect(status).toBe(204)
    expect(headers.get("allow")).toBe("POST, OPTIONS")
    expect([...headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([])
  })
})

describe("methods and paths", () => {
  it("each path takes its own methods, and GET changes nothing", async () => {
    await using world = openWorld()
    for (const path of COMMANDS)
      for (const method of ["GET", "HEAD", "PUT", "DELETE", "PATCH"]) {
        const { status, headers } = await world.call(method, path)
        expect({ status, allow: headers.get("allow") }).toEqual({
          status: 405,
          allow: "POST, OPTIONS",
        })
      }
    for (const path of PATHS.slice(0, -1)) {
      const { status, headers } = await world.call("POST", path, { body: trip })
      expect({ status, allow: headers.get("allow") }).toEqual({
        status: 405,
        allow: "GET, HEAD, OPTIONS",
      })
    }
    expect((await world.call("GET", "audit")).json.items).toEqual([])
  })

  it("nothing is found outside, and beside what there is", async () => {
    await using world = openWorld()
    const headers = { authorization: `Bearer ${ANN}` }
    for (const path of [
      "/",
      "/admin",
      "/administer/health",
      "/admin/",
      "/admin//health",
      "/admin/health/",
      "/admin/accounts/",
      "/admin/Health",
      "/admin/%68ealth",
    ]) {
      const response = await world.api(new Request(`${ORIGIN}${path}`, { headers }))
      expect([path, response.status]).toEqual([path, 404])
      expectSafe(response)
    }
  })

  it("the host may mount it at the root, or deep", async () => {
    for (const [basePath, path] of [
      ["", "/health"],
      ["/", "/health"],
      ["/a/b/", "/a/b/health"],
    ] as const) {
      await using world = openWorld({ basePath })
      const headers = { authorization: `Bearer ${ANN}` }
      expect((await world.api(new Request(`${ORIGIN}${path}`, { headers }))).status).toBe(200)
    }
    expect(() => openWorld({ basePath: "admin?" })).toThrow("`basePath`")
  })
})
