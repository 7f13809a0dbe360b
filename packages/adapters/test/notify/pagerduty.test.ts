import { NotifyFailed } from "@spendfuse/core"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { dedupKeyOf } from "../../src/notify/pagerduty/dedupKey.ts"
import { pagerduty } from "../../src/pagerduty.ts"
import { circuit, escalation, periodEnd, refusing, signal, tier, undelivered } from "./events.ts"
import { type PagerdutyStandIn, ROUTING_KEY, startPagerduty } from "./standIns/pagerduty.ts"

const to = ({ url }: PagerdutyStandIn, options = {}) =>
  pagerduty({ routingKey: ROUTING_KEY, apiUrl: url, ...options })

const actionsOf = ({ enqueued }: PagerdutyStandIn) =>
  enqueued.map(({ event_action: action, dedup_key: key }) => `${action} ${key}`)

const failureOf = (delivery: Promise<void>) =>
  delivery.then(
    () => null,
    (error: unknown) => error,
  )

describe("pagerduty", () => {
  it("opens one incident, and ends it when the circuit closes", async () => {
    const far = await startPagerduty()
    const notifier = to(far)
    await notifier.deliver([tier({}, 1), circuit("open", 1)], signal)
    expect([...far.alerts]).toEqual([["hour/agent-7/1", "triggered"]])
    await notifier.deliver([circuit("half-open", 1)], signal)
    expect([...far.alerts]).toEqual([["hour/agent-7/1", "acknowledged"]])
    await notifier.deliver([circuit("closed", 1)], signal)
    expect([...far.alerts]).toEqual([])
    expect(far.pages).toEqual(["hour/agent-7/1"])
  })

  it("pages once for a refusal, a level and the opening that they led to", async () => {
    const far = await startPagerduty()
    await to(far).deliver([refusing(0), tier({}, 1), circuit("open", 1)], signal)
    expect(actionsOf(far)).toEqual(["trigger hour/agent-7/1", `resolve ${tier().incident}`])
    expect(far.pages).toEqual(["hour/agent-7/1"])
  })

  it("keeps one incident through every further opening, until the closing", async () => {
    const far = await startPagerduty()
    const notifier = to(far)
    const moved = (state: "open" | "half-open" | "latched" | "closed", generation: number) =>
      notifier.deliver([circuit(state, generation, "hour/agent-7", 1)], signal)
    await moved("open", 1)
    await moved("half-open", 1)
    await moved("open", 2)
    await moved("latched", 3)
    await notifier.deliver([escalation(3, 1)], signal)
    expect([...far.alerts.keys()]).toEqual(["hour/agent-7/1"])
    await moved("closed", 3)
    expect([...far.alerts]).toEqual([])
    expect(far.pages).toEqual(["hour/agent-7/1"])
  })

  it("ends what a meter opened when its period ends, whatever the circuit does", async () => {
    const far = await startPagerduty()
    const notifier = to(far)
    await notifier.deliver([tier()], signal)
    await notifier.deliver([circuit("open", 1)], signal)
    expect([...far.alerts.keys()]).toEqual([tier().incident, "hour/agent-7/1"])
    await notifier.deliver([periodEnd()], signal)
    expect([...far.alerts.keys()]).toEqual(["hour/agent-7/1"])
    await notifier.deliver([tier(), periodEnd(), circuit("closed", 1)], signal)
    expect([...far.alerts]).toEqual([])
    expect(far.pages).toEqual([tier().incident, "hour/agent-7/1"])
  })

  it("pages the next channel for what another could not be told, on the same incident", async () => {
    const far = await startPagerduty()
    await to(far).deliver([undelivered()], signal)
    expect(actionsOf(far)).toEqual(["trigger hour/agent-7/1"])
    expect(far.enqueued[0]?.payload).toMatchObject({
      severity: "error",
      summary: "pager was not told of 2 events of hour/agent-7: status 410",
    })
  })

  it("records what was over before it could be told, and wakes nobody", async () => {
    const far = await startPagerduty()
    await to(far).deliver([tier({}, 1), circuit("open", 1), circuit("closed", 1)], signal)
    expect(actionsOf(far)).toEqual(["trigger hour/agent-7/1", "resolve hour/agent-7/1"])
    expect(far.pages).toEqual([])
  })

  it.each([
    [tier(), "warning"],
    [tier({ level: 50_000_000_000, label: "100%" }), "error"],
    [refusing(), "error"],
    [circuit("open", 1), "error"],
    [circuit("latched", 1), "critical"],
    [{ ...circuit("latched", 1), observed: true }, "warning"],
    [escalation(1), "critical"],
    [tier({ effect: "block" }), "error"],
  ])("says how bad it is: %#", async (event, severity) => {
    const far = await startPagerduty()
    await to(far).deliver([event], signal)
    expect(far.enqueued[0]?.payload?.severity).toBe(severity)
  })

  it("leaves nothing open of a page that was sent again after its closing", async () => {
    const far = await startPagerduty()
    const late = [circuit("closed", 1), tier({}, 1), circuit("latched", 1)]
    await to(far).deliver(late, signal)
    expect([...far.alerts]).toEqual([])
    expect(actionsOf(far)).toEqual(["trigger hour/agent-7/1", "resolve hour/agent-7/1"])
    expect(far.enqueued[0]?.payload).toMatchObject({ severity: "info" })
  })

  it("opens anew for the opening that comes after a closing", async () => {
    const far = await startPagerduty()
    await to(far).deliver(
      [circuit("closed", 1), tier({}, 2), circuit("latched", 2), circuit("latched", 1)],
      signal,
    )
    expect([...far.alerts]).toEqual([["hour/agent-7/2", "triggered"]])
  })

  it("says what happened in a line, and the facts below", async () => {
    const far = await startPagerduty()
    const links = () => [{ text: "Runbook", href: "https://wiki.example/fuse" }]
    const options = { links, clientUrl: "https://console.example/" }
    await to(far, options).deliver([tier({}, 1), circuit("open", 1)], signal)
    expect(far.enqueued[0]).toMatchObject({
      client_url: "https://console.example/",
      links: [{ href: "https://wiki.example/fuse" }],
      payload: {
        summary: "hour stopped agent-7 until 11:20 UTC: $40 of $50 (2 events)",
        custom_details: {
          Account: "hour/agent-7",
          Spent: "$40 of $50 (80 %)",
          Pace: "$2 a minute since 10:00 UTC",
          "Blocked now": "calls of agent-7 that hour counts",
          Until: "11:20 UTC, after 60 min",
          Note: "Heads up",
        },
      },
    })
  })

  it("keeps to every limit", async () => {
    const far = await startPagerduty()
    const long = "é&\u0000\ud800".repeat(2_500)
    const events = Array.from({ length: 32 }, (_, at) =>
      tier({
        account: `${long}/${long}`,
        incident: `${long}/1`,
        label: long,
        message: long,
        level: at,
      }),
    )
    await to(far).deliver(events, signal)
    expect(far.enqueued[0]?.dedup_key).toHaveLength(255)
  })

  it.each([
    [400, false, "status 400, it refuses the event or the routing key"],
    [403, false, "status 403"],
    [429, true, "status 429"],
    [500, true, "status 500"],
    [503, true, "status 503"],
  ])("judges %i", async (status, retryable, detail) => {
    const far = await startPagerduty(() => ({ status, headers: { "retry-after": "9" } }))
    const failed = await failureOf(to(far).deliver([tier()], signal))
    expect(failed).toBeInstanceOf(NotifyFailed)
    expect(failed).toMatchObject({ retryable, detail, retryAfterMs: 9_000 })
  })

  it("ends right where some of its requests fail and are sent again", async () => {
    let tries = 0
    const far = await startPagerduty((usual) => {
      tries += 1
      return tries % 3 === 0 ? usual() : tries % 3 === 1 ? { status: 503 } : "cut"
    })
    const notifier = to(far)
    for (const events of [
      [refusing(0)],
      [circuit("open", 1)],
      [circuit("closed", 1)],
      [periodEnd()],
    ])
      while ((await failureOf(notifier.deliver(events, signal))) !== null);
    expect([...far.alerts]).toEqual([])
    expect(far.pages).toEqual([tier().incident, "hour/agent-7/1"])
  })

  it("wants a whole routing key, and does not repeat it", () => {
    expect(() => pagerduty({ routingKey: "secret" })).toThrow(/^`routingKey` must be the 32/)
    expect(() => pagerduty({ routingKey: "secret" })).not.toThrow(/secret/)
  })
})

describe("the key of an incident", () => {
  const texts = fc.oneof(
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.string({ minLength: 250, maxLength: 260 }),
    fc.constantFrom("", " ", "\ud800", "\ud801", "\u0000", "#sha256:", "a#sha256:b"),
  )

  it("is plain, short, and another one for each incident", async () => {
    const check = fc.asyncProperty(texts, texts, async (one, other) => {
      const [first, second] = await Promise.all([dedupKeyOf(one), dedupKeyOf(other)])
      expect(first.length).toBeGreaterThan(0)
      expect(first.length).toBeLessThanOrEqual(255)
      expect(first === second).toBe(one === other)
      // What looks like a digest is no incident's own key.
      if (first !== one) expect(await dedupKeyOf(first)).not.toBe(first)
    })
    await fc.assert(check, {
      numRuns: Number(process.env.LAW_RUNS ?? 300),
      seed: Number(process.env.LAW_SEED ?? 5),
    })
  })

  it("is the incident itself where that is plain", async () => {
    expect(await dedupKeyOf("hour/agent-7/12")).toBe("hour/agent-7/12")
  })
})
