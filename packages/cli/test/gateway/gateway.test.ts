import { createHash } from "node:crypto"
import { connect } from "node:net"
import { expect, test } from "vitest"
import { heldUpstream } from "./heldUpstream.ts"
import { ALICE, ANN, BOB, chat, configOf, policyOf, running, UPSTREAM_KEY } from "./running.ts"

const CHAT = "/v1/chat/completions"

test("a wrong key, a key in two headers, and none are answered in the provider's shape, and call nobody", async () => {
  await using one = await running()
  const asked = [
    await fetch(one.url + CHAT, chat("vk-nobody-0123456789abcdef", "hello")),
    await fetch(one.url + CHAT, chat(UPSTREAM_KEY, "hello")),
    await fetch(one.url + CHAT, { method: "POST", body: "{}" }),
    await fetch(one.url + CHAT, {
      ...chat(ALICE, "hello"),
      headers: { authorization: `Bearer ${ALICE}`, "x-api-key": BOB },
    }),
  ]
  for (const response of asked) {
    expect(response.status).toBe(401)
    expect(await response.json()).toMatchObject({ error: { code: "unknown-key" } })
  }
  expect(one.upstream.seen).toEqual([])
  expect((await one.told("call", 4)).map(({ key }) => key)).toEqual([null, null, null, null])
})

test("a key calls only its models and upstreams, and names only what it may", async () => {
  const hash = `sha256:${createHash("sha256").update(ALICE).digest("hex")}`
  await using one = await running({
    config: {
      keys: {
        alice: { hash, subject: { apiKey: "alice" }, upstreams: ["openai"], mayName: ["session"] },
        bob: { keyEnv: "BOB_KEY", subject: { apiKey: "bob" }, models: ["gpt-5-mini*"] },
      },
    },
  })
  const status = async (path: string, init: RequestInit): Promise<unknown> => {
    const response = await fetch(one.url + path, init)
    const body = (await response.json()) as { error?: { code?: string } }
    return [response.status, body.error?.code]
  }
  expect(await status(CHAT, chat(BOB, "hello"))).toEqual([403, "model-not-allowed"])
  expect(await status(CHAT, chat(BOB, "hello", { model: "gpt-5-mini" }))).toEqual([200, undefined])
  expect(await status(CHAT, chat(ALICE, "hello"))).toEqual([200, undefined])
  expect(await status(`/anthropic/v1/messages`, chat(ALICE, "hello"))).toEqual([
    403,
    "upstream-not-allowed",
  ])
  expect(await status(CHAT, chat(ALICE, "hello", { model: "claude-haiku-4-5" }))).toEqual([
    404,
    "unknown-upstream",
  ])
  const named = (subject: object): RequestInit => {
    const init = chat(ALICE, "hello")
    return { ...init, headers: { ...init.headers, "x-spendfuse-subject": JSON.stringify(subject) } }
  }
  expect(await status(CHAT, named({ session: "s1" }))).toEqual([200, undefined])
  expect(await status(CHAT, named({ org: "other" }))).toEqual([403, "not-allowed"])
  expect(
    await status("/v1/files/file-1", { ...chat(ALICE, ""), method: "DELETE", body: null }),
  ).toEqual([404, "unknown-path"])
  expect(one.upstream.seen).toHaveLength(3)
})

test("a body that is too large is refused, whether it says so or not", async () => {
  await using one = await running({ config: { limits: { bodyBytes: 2_000 } } })
  const large = "x".repeat(3_000)
  const told = await fetch(one.url + CHAT, chat(ALICE, large))
  expect(told.status).toBe(413)
  const { body, ...rest } = chat(ALICE, large)
  const untold = await fetch(one.url + CHAT, {
    ...rest,
    body: new Blob([String(body)]).stream(),
    duplex: "half",
  } as RequestInit)
  expect(untold.status).toBe(413)
  expect(one.upstream.seen).toEqual([])
})

test("a client that sends its request by drops is closed", async () => {
  await using one = await running({ config: { limits: { headMs: 300, bodyMs: 600 } } })
  const { port } = new URL(one.url)
  const socket = connect(Number(port), "127.0.0.1")
  let answer = ""
  socket.on("data", (data) => {
    answer += data.toString()
  })
  const closed = new Promise((resolve) => socket.once("close", resolve))
  socket.write(
    `POST ${CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${ALICE}\r\ncontent-length: 100\r\n\r\n`,
  )
  const drops = setInterval(() => socket.write(" "), 50)
  socket.on("error", () => undefined)
  await closed
  clearInterval(drops)
  expect(answer).toContain("408")
  expect(one.upstream.seen).toEqual([])
})

test("SIGTERM lets a running stream finish, takes no new call, and ends with 0", async () => {
  await using upstream = await heldUpstream()
  await using one = await running({ upstream, config: { limits: { drainMs: 60_000 } } })
  const stream = await fetch(one.url + CHAT, chat(ALICE, "hello", { stream: true }))
  const reading = stream.text()
  await fetch(`${one.url}/readyz`).then((ready) => expect(ready.status).toBe(200))
  one.signal("SIGTERM")
  await one.told("draining")
  await expect(fetch(one.url + CHAT, chat(ALICE, "hello"))).rejects.toThrow()
  upstream.end()
  expect(await reading).toContain("[DONE]")
  expect(await one.ended).toBe(0)
  expect(one.lines().find(({ event }) => event === "drained")).toMatchObject({ cut: 0 })
  expect(one.lines().find(({ event }) => event === "call")).toMatchObject({ usd: "0.000075" })
})

test("a stream that outlasts the drain is cut, and counted", async () => {
  await using upstream = await heldUpstream()
  await using one = await running({ upstream, config: { limits: { drainMs: 100 } } })
  const stream = await fetch(one.url + CHAT, chat(ALICE, "hello", { stream: true }))
  const reading = stream.text().catch(() => "cut")
  one.signal("SIGTERM")
  expect(await reading).toBe("cut")
  expect(await one.ended).toBe(0)
  expect(one.lines().find(({ event }) => event === "drained")).toMatchObject({ cut: 1 })
  expect(one.lines().find(({ event }) => event === "call")).toMatchObject({ assumed: true })
})

test("a changed policy binds the next call; a bad file leaves the old one, and says why", async () => {
  await using upstream = await heldUpstream()
  await using one = await running({ upstream })
  const stream = await fetch(one.url + CHAT, chat(ALICE, "hello", { stream: true }))
  await one.write("policy.json", policyOf(0.000001))
  await one.told("reloaded")
  expect((await fetch(one.url + CHAT, chat(ALICE, "hello"))).status).toBe(402)
  await one.write("policy.json", { ...policyOf(10), budgets: [{ id: "" }] })
  const [bad] = await one.told("not-reloaded")
  expect(String(bad?.problems)).toContain("policy.json:1:")
  expect((await fetch(one.url + CHAT, chat(ALICE, "hello"))).status).toBe(402)
  await one.write("policy.json", policyOf(10))
  await one.told("reloaded", 2)
  const { keys: _, ...rest } = configOf(one.upstream.url) as { keys: unknown }
  await one.write("spendfuse.json", {
    ...rest,
    keys: { bob: { keyEnv: "BOB_KEY", subject: { apiKey: "bob" } } },
  })
  one.signal("SIGHUP")
  await one.told("reloaded", 3)
  expect((await fetch(one.url + CHAT, chat(ALICE, "hello"))).status).toBe(401)
  expect((await fetch(one.url + CHAT, chat(BOB, "hello"))).status).toBe(200)
  upstream.end()
  expect(await stream.text()).toContain("[DONE]")
})

test("the admin API and the console have a port of their own, and the callers' port has neither", async () => {
  await using one = await running()
  await fetch(one.url + CHAT, chat(ALICE, "hello"))
  const bearer = { headers: { authorization: `Bearer ${ANN}` } }
  const accounts = await fetch(`${one.admin}/admin/accounts`, bearer)
  expect(accounts.status).toBe(200)
  expect(await accounts.text()).toContain("alice")
  expect((await fetch(`${one.admin}/admin/accounts`)).status).toBe(401)
  expect((await fetch(`${one.admin}/admin/console`)).status).toBe(200)
  expect((await fetch(`${one.url}/admin/accounts`, bearer)).status).toBe(401)
  expect((await fetch(`${one.url}/healthz`)).status).toBe(200)
})

test("a provider that is not there is a 502 that costs nothing", async () => {
  const gone = await heldUpstream()
  await gone[Symbol.asyncDispose]()
  await using one = await running({
    config: { upstreams: { openai: { baseUrl: gone.url, provider: "openai" } } },
  })
  const response = await fetch(one.url + CHAT, chat(ALICE, "hello"))
  expect(response.status).toBe(502)
  expect(await response.json()).toMatchObject({ error: { code: "upstream-unreachable" } })
  expect(await one.told("call")).toMatchObject([{ usd: null, refused: "upstream-unreachable" }])
})
