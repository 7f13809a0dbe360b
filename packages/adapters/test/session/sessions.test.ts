import {
  createSpendfuse,
  type Decision,
  type DomainEvent,
  definePolicy,
  type Refused,
} from "@spendfuse/core"
import { libraryPrices } from "@spendfuse/core/prices"
import { memoryStore } from "@spendfuse/store-memory"
import fc from "fast-check"
import OpenAI from "openai"
import { describe, expect, it } from "vitest"
import {
  openSessions,
  type Session,
  type SessionsOptions,
  sessionHeader,
} from "../../src/session.ts"
import { chatAnswer, upstreamOf } from "../fetch/harness.ts"

const RUNS = Number(process.env.LAW_RUNS ?? 100)
const SEED = Number(process.env.LAW_SEED ?? 42)
const SECRET = "a secret of more than thirty-two characters"

const policy = definePolicy({
  budgets: [
    {
      id: "session",
      per: ["org", "session"],
      limit: { usdNano: 1_000 },
      window: { lifetime: { idle: "1h" } },
      tiers: [
        { at: "80%", notify: ["log"] },
        { at: "100%", block: true },
      ],
    },
    {
      id: "task",
      per: ["session", "task"],
      limit: { usdNano: 200 },
      window: { lifetime: { idle: "1h" } },
      whenMissing: "skip",
      tiers: [{ at: "100%", block: true }],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
  maxOutputTokens: 100,
})

const acme = { org: "acme", session: "s-1" }

const host = (options: SessionsOptions = {}, store = memoryStore(), given = policy) => {
  const spendfuse = createSpendfuse({
    policy: given,
    store,
    prices: libraryPrices(),
    onNotice: () => undefined,
    waitMs: 0,
    notifiers: { log: { name: "log", deliver: async () => undefined } },
    onEvent: (event) => sessions.hear(event),
  })
  const sessions = openSessions(spendfuse, { secrets: [SECRET], ...options })
  const spent = async (subject: Record<string, string> = acme) =>
    (await spendfuse.remaining(subject)).map(({ settled, held }) => ({ settled, held }))
  return { spendfuse, sessions, spent }
}

const opened = (session: Session | Refused): Session => {
  if (!session.allowed) throw new Error(session.reason)
  return session
}

const usd = (amount: number) => ({ amounts: { usd: amount } })

const settled = async (decision: Decision, amount: number): Promise<void> => {
  if (!decision.allowed) throw new Error(decision.reason)
  await decision.settle(usd(amount))
}

describe("a session", () => {
  it("is shared by its helpers, and a helper may have a budget of its own within it", async () => {
    const { sessions, spent } = host()
    const root = opened(await sessions.open(acme))
    const search = opened(await root.child({ task: "search" }))
    const deeper = opened(await search.child({}))
    await settled(await root.reserve(usd(300)), 300)
    await settled(await search.reserve(usd(150)), 150)
    await settled(await deeper.reserve(usd(40)), 40)
    expect(await deeper.reserve(usd(20))).toMatchObject({ reason: "exhausted" })
    expect(await spent()).toEqual([{ settled: 490, held: 0 }])
    await expect(root.child({ org: "other" })).rejects.toThrow("cannot change `org`")
    expect((await search.remaining()).map(({ remaining }) => remaining)).toEqual([510, 10])
  })

  it("keeps something back, which the final call alone finds", async () => {
    const { sessions, spent } = host()
    const session = opened(await sessions.open(acme, { keepBack: { usd: 100 } }))
    await settled(await session.reserve(usd(850)), 850)
    const refused = await session.reserve(usd(60))
    expect(refused).toMatchObject({ reason: "exhausted", untilMs: null })
    await settled(await session.reserve(usd(50)), 50)
    expect(await session.reserve(usd(1))).toMatchObject({ reason: "exhausted" })
    expect(await session.reserve(usd(101), { isFinal: true })).toMatchObject({ allowed: false })
    const final = await session.reserve(usd(100), { isFinal: true })
    expect(final).toMatchObject({ allowed: true, held: { usd: 100 } })
    expect(await session.reserve(usd(1), { isFinal: true })).toMatchObject({ allowed: false })
    await session.close()
    expect(await spent()).toEqual([{ settled: 900, held: 100 }])
    await settled(final, 70)
    expect(await spent()).toEqual([{ settled: 970, held: 0 }])
  })

  it("gives back what it kept and did not use, also where that has expired", async () => {
    let nowMs = Date.now()
    const { sessions, spent } = host({}, memoryStore({ nowMs: () => nowMs }))
    const session = opened(await sessions.open(acme, { keepBack: { usd: 100 }, keptForMs: 1_000 }))
    expect(await spent()).toEqual([{ settled: 0, held: 100 }])
    nowMs += 2_000
    await settled(await session.reserve(usd(10)), 10)
    expect(await spent()).toEqual([{ settled: 110, held: 0 }])
    await session.close()
    await session.close()
    expect(await spent()).toEqual([{ settled: 10, held: 0 }])
  })

  it("is refused where what it keeps back is not to be had", async () => {
    const { sessions } = host()
    expect(await sessions.open(acme, { keepBack: { usd: 1_001 } })).toMatchObject({
      allowed: false,
      reason: "too-large",
    })
  })

  it("gives its last answer past no switch and no circuit", async () => {
    const { sessions, spendfuse } = host()
    const session = opened(await sessions.open(acme, { keepBack: { usd: 100 } }))
    await spendfuse.operator.switch(
      { dimension: "org", value: "acme" },
      { state: "off", by: "ann", why: "it loops" },
    )
    expect(await session.reserve(usd(50), { isFinal: true })).toMatchObject({
      reason: "switched-off",
    })
  })

  it("hears its own tiers, and nobody else's", async () => {
    const { sessions, spendfuse } = host()
    const heard: string[] = []
    const session = opened(await sessions.open(acme))
    const other = opened(await sessions.open({ org: "acme", session: "s-2" }))
    const end = session.onTier(({ account, label }) => heard.push(`${account} ${label}`))
    other.onTier(() => heard.push("other"))
    await settled(await session.reserve(usd(800)), 800)
    await spendfuse.flush()
    expect(heard).toEqual(["session/4:acme/s-1 80%"])
    end()
    await settled(await session.reserve(usd(200)), 200)
    await spendfuse.flush()
    expect(heard).toHaveLength(1)
    sessions.hear({ kind: "audit" } as DomainEvent)
  })
})

describe("law: a call marked final finds what was kept back", () => {
  const step = fc.record({
    who: fc.constantFrom("root", "child", "joined", "beside"),
    amount: fc.integer({ min: 1, max: 400 }),
    share: fc.integer({ min: 0, max: 100 }),
    end: fc.constantFrom("settle", "release", "assume", "runs"),
  })

  it("whatever its helpers, other processes and other sessions spend and hold", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 30 }),
        fc.integer({ min: 1, max: 300 }),
        async (steps, kept) => {
          const store = memoryStore()
          const here = host({}, store)
          const there = host({}, store)
          const root = opened(await here.sessions.open(acme, { keepBack: { usd: kept } }))
          const child = opened(await root.child({ task: "t" }))
          const joined = await there.sessions.join(await root.token(), { org: "acme" })
          const beside = opened(await there.sessions.open(acme))
          const who = { root, child, joined, beside }
          for (const { who: name, amount, share, end } of steps) {
            const decision = await who[name].reserve(usd(amount))
            if (!decision.allowed) continue
            if (end === "settle") await decision.settle(usd(Math.floor((amount * share) / 100)))
            else if (end !== "runs") await decision[end]()
          }
          const final = await root.reserve(usd(kept), { isFinal: true })
          expect(final.allowed).toBe(true)
          await settled(final, kept)
          const [line] = await here.spendfuse.remaining(acme)
          expect((line?.settled ?? 0) + (line?.held ?? 0)).toBeLessThanOrEqual(1_000)
        },
      ),
      { numRuns: RUNS, seed: SEED },
    )
  })
})

describe("a token", () => {
  it("takes a session to another process, and no further than its owner", async () => {
    const store = memoryStore()
    const here = host({}, store)
    const there = host({}, store)
    const session = opened(await here.sessions.open(acme, { keepBack: { usd: 100 } }))
    const token = await session.token()
    expect(sessionHeader(token)).toEqual({ "x-spendfuse-session": token })
    const joined = await there.sessions.join(token, { org: "acme" })
    expect(joined.subject).toEqual(acme)
    await settled(await joined.reserve(usd(900)), 900)
    expect(await joined.reserve(usd(1))).toMatchObject({ reason: "exhausted" })
    expect(await joined.reserve(usd(1), { isFinal: true })).toMatchObject({ allowed: false })
    expect(await here.spent()).toEqual([{ settled: 900, held: 100 }])
    for (const authenticated of [{ org: "evil" }, { user: "u1" }])
      await expect(there.sessions.join(token, authenticated)).rejects.toThrow("not of the caller's")
  })

  it("is good for nothing changed, expired, or signed by another secret", async () => {
    let nowMs = 1_000_000
    const { sessions } = host({ nowMs: () => nowMs, tokenLifeMs: 1_000 })
    const token = await opened(await sessions.open(acme)).token()
    const [content = "", signature = ""] = token.split(".")
    const other = btoa(
      JSON.stringify({ subject: { org: "evil", session: "s-1" }, keptBack: [], expiresAtMs: 9e15 }),
    )
    for (const bad of [
      "",
      "x",
      ".",
      `${content}.`,
      `${content}.${signature}x`,
      `${content}x.${signature}`,
      `${other.replace(/=+$/, "")}.${signature}`,
      `${token}.${signature}`,
      "a".repeat(5_000),
    ])
      await expect(sessions.join(bad)).rejects.toThrow("not signed here")
    const stranger = host({ secrets: ["another secret of more than thirty-two characters"] })
    await expect(stranger.sessions.join(token)).rejects.toThrow("not signed here")
    const rotated = host({
      secrets: ["another secret of more than thirty-two characters", SECRET],
      nowMs: () => nowMs,
    })
    expect((await rotated.sessions.join(token)).subject).toEqual(acme)
    nowMs += 1_000
    await expect(sessions.join(token)).rejects.toThrow("has expired")
  })

  it("needs a secret, and not a short one", async () => {
    const { sessions, spendfuse } = host({ secrets: [] })
    await expect(opened(await sessions.open(acme)).token()).rejects.toThrow("give `openSessions`")
    await expect(sessions.join("a.b")).rejects.toThrow("not signed here")
    expect(() => openSessions(spendfuse, { secrets: ["short"] })).toThrow(
      "`secrets[0]` must be a text of at least 32 characters",
    )
  })
})

describe("the async context", () => {
  const priced = definePolicy({
    budgets: [
      {
        id: "session",
        per: ["session"],
        limit: { usd: 1 },
        window: { lifetime: { idle: "1h" } },
        tiers: [{ at: "100%", block: true }],
      },
    ],
    unknownModel: "refuse",
    onStoreUnavailable: "deny",
    maxOutputTokens: 100,
  })

  it("gives each call to the session in which it was started, over every await", async () => {
    const upstream = upstreamOf(async () => {
      await new Promise((resolve) => setTimeout(resolve, 2))
      return Response.json(chatAnswer)
    })
    const { sessions, spendfuse } = host({ fetch: { fetch: upstream } }, memoryStore(), priced)
    const client = new OpenAI({ apiKey: "sk", fetch: sessions.fetch, maxRetries: 0 })
    const ask = () =>
      client.chat.completions.create({
        model: "gpt-5",
        messages: [{ role: "user", content: "hi" }],
      })
    const all = ["a", "b"].map(async (name, at) => {
      const session = opened(await sessions.open({ session: name }))
      await session.run(async () => {
        for (let i = 0; i <= at; i += 1) {
          await ask()
          await new Promise((resolve) => setTimeout(resolve, 1))
        }
        expect(sessions.current()).toBe(session)
      })
      await session.fetch.idle()
    })
    await Promise.all(all)
    for (const [name, calls] of [
      ["a", 1],
      ["b", 2],
    ] as const)
      expect(await spendfuse.remaining({ session: name })).toMatchObject([
        { settled: calls * 75_000 },
      ])
    expect(sessions.current()).toBe(undefined)
    await expect(ask()).rejects.toMatchObject({ status: 400, code: "no-session" })
    expect(() => sessions.final(() => 1)).toThrow("no session is current")
  })

  it("tells the final call from the others, and one attempt is refused", async () => {
    const upstream = upstreamOf(() => Response.json(chatAnswer))
    const { sessions } = host({ fetch: { fetch: upstream } }, memoryStore(), priced)
    const session = opened(await sessions.open({ session: "a" }, { keepBack: { usd: 5_000_000 } }))
    const rest = await session.reserve({ amounts: { usd: 995_000_000 } })
    await settled(rest, 995_000_000)
    const client = new OpenAI({ apiKey: "sk", fetch: sessions.fetch })
    const ask = () =>
      client.chat.completions.create({
        model: "gpt-5",
        messages: [{ role: "user", content: "hi" }],
      })
    await session.run(async () => {
      await expect(ask()).rejects.toMatchObject({ status: 402, code: "exhausted" })
      expect(upstream.seen).toHaveLength(0)
      const answer = await sessions.final(ask)
      expect(answer.choices[0]?.message.content).toBe("hi")
    })
    expect(upstream.seen).toHaveLength(1)
    await session.finalFetch.idle()
    expect(await session.remaining()).toMatchObject([{ settled: 995_075_000, held: 0 }])
  })
})
