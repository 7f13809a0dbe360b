import { createHmac } from "node:crypto"
import {
  acknowledgeLinks,
  adminApi,
  bearerTokens,
  pagerdutyWebhook,
  slackActions,
} from "@spendfuse/adapters/admin"
import { guardedFetch } from "@spendfuse/adapters/fetch"
import { defineNotifier } from "@spendfuse/adapters/notifier"
import { pagerduty } from "@spendfuse/adapters/pagerduty"
import { slack } from "@spendfuse/adapters/slack"
import { webhook } from "@spendfuse/adapters/webhook"
import { createSpendfuse, definePolicy, type Store, StoreUnavailable } from "@spendfuse/core"
import { libraryPrices } from "@spendfuse/core/prices"
import { memoryStore } from "@spendfuse/store-memory"
import fc from "fast-check"
import { expect, it } from "vitest"

/** In each secret, each prompt and each error: it must stand nowhere that a person or a log sees. */
const CANARY = "c4naryThatNobodyMaySee"
const ORIGIN = "https://ops.example.com"
const TOKEN = `${CANARY}-token-0123456789`
const HOOK = `https://hooks.slack.com/services/T0/B0/${CANARY}`
const BOT = `xoxb-${CANARY}`
const LINK_SECRET = `${CANARY}-links-0123456789`
const SIGNING_SECRET = `${CANARY}-signing-0123456789`
const PAGERDUTY_SECRET = `${CANARY}-pagerduty-0123456789`
const STANDARD_SECRET = `whsec_${btoa(`${CANARY}-standard`)}`
/** What a caller chose: URLs that nobody may call, and what would be markup. */
const SUBJECTS = ["agent-7", "https://evil.example/?a=1", "<img src=//evil.example>", "@evil", ""]
const HOSTS = [
  "hooks.slack.com",
  "slack.com",
  "events.pagerduty.com",
  "in.example",
  "api.openai.com",
]

const POLICY = definePolicy({
  budgets: [
    {
      id: "day",
      per: ["apiKey"],
      limit: { usd: 1 },
      window: "day",
      tiers: [
        { at: "50%", notify: ["hook", "bot", "pager", "in", "own", "plain"], message: "look" },
        {
          at: "100%",
          latch: true,
          repeat: "100%",
          notify: ["hook", "bot", "pager", "in", "own", "plain"],
        },
      ],
    },
  ],
  fallbacks: { canned: { answer: `${CANARY} is a canned answer` } },
  onRefused: "canned",
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
  maxOutputTokens: 1_000,
})

type Mood = "fine" | "unavailable"

/** A store that fails as it is told, with what drivers write into their errors. */
const moody = (inner: Store, mood: () => Mood): Store =>
  new Proxy(inner, {
    get: (of, name) => {
      const value: unknown = Reflect.get(of, name)
      if (name === "applyNow") return undefined
      if (typeof value !== "function" || name === "close" || name === "listen") return value
      return (...args: unknown[]) => {
        const cause = new Error(`connect redis://user:${CANARY}@10.0.0.1`)
        return mood() === "fine"
          ? Reflect.apply(value, of, args)
          : Promise.reject(new StoreUnavailable("redis", cause))
      }
    },
  })

const open = (fails: () => boolean) => {
  let mood: Mood = "fine"
  const seen: string[] = []
  const called: string[] = []
  const kept = memoryStore()
  const store = moody(kept, () => mood)
  const see = (what: unknown): void => {
    seen.push(what instanceof Error ? `${what} ${JSON.stringify(what)}` : JSON.stringify(what))
  }
  /** A far side that repeats all that it was told. */
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const { host } = new URL(input instanceof Request ? input.url : String(input))
    called.push(host)
    const told = `${String(input)} ${JSON.stringify(init)} ${CANARY}`
    if (fails()) throw new TypeError(`error sending request (${told})`, { cause: told })
    if (host === "api.openai.com") return new Response(told, { status: 500 })
    return Response.json({ ok: !fails(), error: told }, { status: fails() ? 500 : 200 })
  }
  const spendfuse = createSpendfuse({
    policy: POLICY,
    store,
    prices: libraryPrices(),
    notifiers: {
      hook: slack({ webhookUrl: HOOK, interactive: true, fetch }),
      bot: slack({ token: BOT, channel: "C0123456789", interactive: true, fetch }),
      pager: pagerduty({ routingKey: CANARY.padEnd(32, "0"), fetch }),
      in: webhook({ url: `https://in.example/${CANARY}`, secrets: [STANDARD_SECRET], fetch }),
      own: defineNotifier({
        name: "own",
        deliver: () => Promise.reject(new Error(`no way to ${CANARY}`)),
      }),
      plain: { name: "plain", deliver: () => Promise.reject(new Error(`none to ${CANARY}`)) },
    },
    onEvent: see,
    onNotice: see,
  })
  const onError = see
  const links = acknowledgeLinks({ spendfuse, secrets: [LINK_SECRET], url: `${ORIGIN}/ack` })
  return {
    ...{ spendfuse, seen, called, see, links, kept, fetch },
    api: adminApi({
      ...{ spendfuse, store, onError },
      auth: bearerTokens({ ann: TOKEN }),
      basePath: "/admin",
      console: true,
    }),
    button: slackActions({
      ...{ spendfuse, fetch, onError },
      signingSecrets: [SIGNING_SECRET],
      token: BOT,
    }),
    pager: pagerdutyWebhook({ spendfuse, store, secrets: [PAGERDUTY_SECRET], onError }),
    feel: (next: Mood): void => {
      mood = next
    },
  }
}

type World = ReturnType<typeof open>
type Act = (world: World, who: string) => Promise<unknown>

const read = async (answer: Promise<Response>): Promise<unknown> => {
  const response = await answer
  return [response.status, [...response.headers], await response.text()]
}

const call = ({ api }: World, path: string, body?: object, token = TOKEN): Promise<unknown> =>
  read(
    api(
      new Request(`${ORIGIN}/admin/${path}`, {
        headers: {
          authorization: `Bearer ${token}`,
          ...(body && { "content-type": "application/json" }),
        },
        ...(body && { method: "POST", body: JSON.stringify(body) }),
      }),
    ),
  )

const spendOn = async ({ spendfuse, see }: World, who: string): Promise<unknown> => {
  const amounts = { usd: 600_000_000 }
  const guarded = spendfuse.guard({ subject: { apiKey: who }, amounts }, async () => ({
    value: CANARY,
    amounts,
  }))
  return guarded.then(({ allowed }) => ({ allowed })).catch(see)
}

const signedBySlack = (payload: object): Request => {
  const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString()
  const time = String(Math.floor(Date.now() / 1_000))
  const digest = createHmac("sha256", SIGNING_SECRET).update(`v0:${time}:${body}`).digest("hex")
  const headers = { "x-slack-request-timestamp": time, "x-slack-signature": `v0=${digest}` }
  return new Request(`${ORIGIN}/slack`, { method: "POST", body, headers })
}

const ACTS: Readonly<Record<string, Act>> = {
  spend: spendOn,
  prompt: async ({ spendfuse, fetch, see }, who) => {
    const guarded = guardedFetch(spendfuse, { subject: { apiKey: who }, fetch, onError: see })
    const body = { model: "gpt-4o-mini", messages: [{ role: "user", content: CANARY }] }
    const init = { method: "POST", body: JSON.stringify(body) }
    const url = "https://api.openai.com/v1/chat/completions"
    // What the provider answers, and a canned answer, are the caller's own.
    await guarded(url, init).catch(() => undefined)
    return null
  },
  look: (world) => call(world, "accounts"),
  detail: (world, who) => call(world, `accounts/${encodeURIComponent(`day/${who}`)}`),
  log: (world) => call(world, "events?latest=true"),
  dead: (world) => call(world, "dead-letters"),
  me: (world) => call(world, "me"),
  page: (world) => call(world, "console"),
  forged: (world) => call(world, "audit", undefined, `${TOKEN}x`),
  acknowledge: (world, who) =>
    call(world, "acknowledge", { account: `day/${who}`, why: "see https://evil.example/why" }),
  off: (world, who) =>
    call(world, "switch", { dimension: "apiKey", value: who, state: "on", why: "again" }),
  link: async ({ links }, who) => {
    const url = (await links.linkFor(`day/${who}`, 1)) ?? ""
    const shown = await read(links.handle(new Request(url)))
    const token = new URL(url).searchParams.get("token") ?? ""
    const body = new URLSearchParams({ token, name: who, reason: "seen" })
    const sent = await read(links.handle(new Request(url, { method: "POST", body })))
    return [shown, sent]
  },
  press: ({ button }, who) =>
    read(
      button(
        signedBySlack({
          type: "block_actions",
          user: { id: "U1", name: who },
          trigger_id: "1.2.x",
          response_url: "https://evil.example/response",
          actions: [{ action_id: "spendfuse_acknowledge", value: `["day/${who}",1]` }],
        }),
      ),
    ),
  pagerduty: ({ pager }) =>
    read(pager(new Request(`${ORIGIN}/pagerduty`, { method: "POST", body: CANARY }))),
}

it("no secret, no prompt and no driver's error stands anywhere, and data leads nowhere", async () => {
  const step = fc.record({
    act: fc.constantFrom(...Object.keys(ACTS), "spend", "spend"),
    who: fc.constantFrom(...SUBJECTS),
    mood: fc.constantFrom<Mood>("fine", "fine", "fine", "unavailable"),
    fails: fc.boolean(),
  })
  const told = new Set<string>()
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
      let fails = false
      const world = open(() => fails)
      for (const { act, who, mood, fails: next } of steps) {
        world.feel(mood)
        fails = next
        const answer = await ACTS[act]?.(world, who).catch((error: unknown) => `${error}`)
        world.see([act, answer])
        told.add(act)
      }
      world.feel("fine")
      await world.spendfuse.flush()
      for (const log of ["events", "audit", "deadLetters"] as const)
        world.see(await world.kept[log]({ limit: 1_000 }))
      await world.spendfuse.close()
      expect(world.seen.filter((text) => text.includes("c4nary"))).toEqual([])
      expect(world.called.filter((host) => !HOSTS.includes(host))).toEqual([])
    }),
    {
      numRuns: Number(process.env.LAW_RUNS ?? 40),
      seed: Number(process.env.LAW_SEED ?? 20_260_115),
    },
  )
  expect(told.size).toBe(Object.keys(ACTS).length)
})
