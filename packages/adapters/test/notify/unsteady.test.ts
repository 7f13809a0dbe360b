import type { DomainEvent, Notifier } from "@spendfuse/core"
import { NotifyFailed } from "@spendfuse/core"
import { describe, expect, it } from "vitest"
import { pagerduty } from "../../src/pagerduty.ts"
import { slack } from "../../src/slack.ts"
import { webhook } from "../../src/webhook.ts"
import { circuit, refusing, signal, tier } from "./events.ts"
import { listen, type Reply } from "./standIns/listen.ts"
import { ROUTING_KEY, startPagerduty } from "./standIns/pagerduty.ts"
import { HOOK_PATH, startSlack, TOKEN } from "./standIns/slack.ts"

const ACCOUNTS = 40

/** Fails three times in ten: refused, throttled, cut off, or taken while the answer is lost on its way. */
const unsteady = (seed: number): ((usual: () => Reply) => Reply) => {
  let state = seed
  const random = (): number => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296
    return state / 4_294_967_296
  }
  return (usual) => {
    if (random() >= 0.3) return usual()
    const kind = random()
    if (kind < 0.4) return { status: 503 }
    if (kind < 0.6) return { status: 429, headers: { "retry-after": "1" } }
    if (kind < 0.8) return "cut"
    usual()
    return { status: 502 }
  }
}

/** As the dispatcher does it: each delivery until it is taken, another process now and then. */
const deliverAll = async (open: () => Notifier): Promise<readonly DomainEvent[]> => {
  const told: DomainEvent[] = []
  let notifier = open()
  for (let at = 0; at < ACCOUNTS; at += 1) {
    const account = `hour/agent-${at}`
    const deliveries = [
      [refusing(0, account), tier({ account }, 1), circuit("open", 1, account)],
      [circuit("closed", 1, account)],
    ]
    for (const events of deliveries) {
      if (at % 7 === 0) notifier = open()
      await untilTaken(notifier, events)
      told.push(...events)
    }
  }
  return told
}

const untilTaken = async (notifier: Notifier, events: readonly DomainEvent[]): Promise<void> => {
  for (let tries = 0; tries < 100; tries += 1) {
    try {
      return await notifier.deliver(events, signal)
    } catch (error) {
      if (!(error instanceof NotifyFailed) || !error.retryable) throw error
    }
  }
  throw new Error("a hundred tries were not enough")
}

describe("before a far side that fails three times in ten", () => {
  it("a webhook's receiver hears everything, and knows again what it heard twice", async () => {
    const heard = new Map<string, string>()
    let requests = 0
    const fail = unsteady(1)
    const url = await listen(({ headers, body }) =>
      fail(() => {
        requests += 1
        heard.set(headers["webhook-id"] ?? "", body)
        return { status: 204 }
      }),
    )
    const secrets = [`whsec_${btoa("s".repeat(32))}`]
    const told = await deliverAll(() => webhook({ url, secrets }))
    const ids = [...heard.values()].flatMap((body) =>
      JSON.parse(body).data.events.map((event: DomainEvent) => event.id),
    )
    expect(ids).toEqual(told.map(({ id }) => id))
    expect(requests).toBeGreaterThan(heard.size)
  })

  it("PagerDuty pages once for each incident, and all of them end", async () => {
    const far = await startPagerduty(unsteady(2))
    await deliverAll(() => pagerduty({ routingKey: ROUTING_KEY, apiUrl: far.url }))
    expect(far.pages).toHaveLength(ACCOUNTS)
    expect(new Set(far.pages).size).toBe(ACCOUNTS)
    expect([...far.alerts]).toEqual([])
  })

  it("Slack's channel has each alert once, and its end in its thread wherever the thread was found", async () => {
    const fail = unsteady(3)
    const far = await startSlack((method, usual) =>
      method === "conversations.history" ? usual() : fail(usual),
    )
    const open = () => slack({ token: TOKEN, channel: far.channel, apiUrl: `${far.url}/api` })
    await deliverAll(open)
    const roots = far.posted.filter(({ thread_ts }) => thread_ts === undefined)
    expect(roots).toHaveLength(ACCOUNTS)
    const ended = new Set(far.posted.flatMap(({ thread_ts }) => thread_ts ?? []))
    expect(ended).toEqual(new Set(roots.map(({ ts }) => ts)))
  })

  it("Slack's webhook takes everything, some of it twice", async () => {
    const fail = unsteady(4)
    const far = await startSlack((_, usual) => fail(usual))
    await deliverAll(() => slack({ webhookUrl: `${far.url}${HOOK_PATH}` }))
    const texts = new Set(far.posted.map(({ text }) => text))
    expect(texts.size).toBe(2 * ACCOUNTS)
  })
})
