import type { DomainEvent } from "@spendfuse/core"
import { describe, expect, it } from "vitest"
import { messageOf } from "../../src/notifier.ts"
import { FOREVER_MS, shortAmount } from "../../src/notify/words/amounts.ts"
import { cut, shown } from "../../src/notify/words/clean.ts"
import { lengthText, timeText } from "../../src/notify/words/times.ts"
import { AT_MS, circuit, escalation, periodEnd, refusing, tier, undelivered } from "./events.ts"

const factsOf = (events: readonly DomainEvent[]) =>
  Object.fromEntries(messageOf(events).facts.map(({ name, text }) => [name, text]))

describe("the words", () => {
  it.each<readonly [DomainEvent, string]>([
    [tier(), "agent-7 reached 80% of hour: $40 of $50"],
    [refusing(), "hour refuses calls of agent-7: $40 of $50"],
    [
      { ...refusing(), kind: "overshoot" } as DomainEvent,
      "agent-7 went over the cap of hour: $40 of $50",
    ],
    [
      { ...refusing(), kind: "overflow" } as DomainEvent,
      "hour can count no further for agent-7: $40 of $50",
    ],
    [
      { ...refusing(), kind: "would-refuse", reason: "exhausted" } as DomainEvent,
      "hour would refuse calls of agent-7 (exhausted): $40 of $50",
    ],
    [circuit("open", 1), "hour stopped agent-7 until 11:20 UTC"],
    [circuit("latched", 1), "hour stopped agent-7 until a person acknowledges"],
    [circuit("half-open", 1), "hour tries agent-7 again until 11:20 UTC"],
    [circuit("closed", 1), "hour lets agent-7 go on"],
    [circuit("closed", 1, "hour/"), 'hour lets "" go on'],
    [
      { ...circuit("closed", 1), by: "ann", why: "a loop" },
      "hour lets agent-7 go on: ann (a loop)",
    ],
    [
      { ...circuit("open", 1), by: "ann", why: "a loop" },
      "hour stopped agent-7 until 11:20 UTC: ann (a loop)",
    ],
    [{ ...circuit("open", 1), observed: true }, "hour would have stopped agent-7 until 11:20 UTC"],
    [
      { ...circuit("latched", 1), observed: true },
      "hour would have stopped agent-7 until a person acknowledges",
    ],
    [
      { ...circuit("half-open", 1), observed: true },
      "hour would try agent-7 again until 11:20 UTC",
    ],
    [{ ...circuit("closed", 1), observed: true }, "hour would let agent-7 go on"],
    [periodEnd(), "The period of agent-7 in hour is over: $40 of $50"],
    [
      escalation(1),
      "Nobody has acknowledged since 10:05 UTC: hour stopped agent-7 until a person does",
    ],
    [undelivered(), "pager was not told of 2 events of hour/agent-7: status 410"],
    [undelivered({ account: "", count: 1 }), "pager was not told of an event: status 410"],
    [
      { kind: "expired", id: "s/1/expired", atMs: AT_MS, channels: [], reservation: "s/1" },
      "A hold ended by itself and counts as spent: s/1",
    ],
    [
      {
        kind: "audit",
        id: "a",
        atMs: AT_MS,
        channels: [],
        verb: "trip",
        target: "hour/k",
        by: "ann",
        why: "a loop",
      },
      "ann: trip hour/k (a loop)",
    ],
  ])("say what happened: %#", (event, title) => {
    expect(messageOf([event]).title).toBe(title)
    expect(messageOf([event]).todo).not.toBe("")
  })

  it("say what is blocked and until when", () => {
    expect(factsOf([circuit("open", 1)])).toEqual({
      Account: "hour/agent-7",
      "Blocked now": "calls of agent-7 that hour counts",
      Until: "11:20 UTC, after 60 min",
    })
    expect(factsOf([circuit("latched", 1)]).Until).toBe("a person acknowledges")
    expect(factsOf([refusing()])["Blocked now"]).toBe("calls of agent-7 that do not fit into hour")
    expect(factsOf([refusing()]).Until).toBe("11:00 UTC")
    expect(factsOf([tier({ effect: "block" })])).toMatchObject({
      "Blocked now": "calls of agent-7 that do not fit into hour",
      Until: "11:00 UTC",
    })
    expect(factsOf([tier()])["Blocked now"]).toBeUndefined()
    expect(factsOf([tier({ effect: "block", periodEndMs: FOREVER_MS })]).Until).toBeUndefined()
    expect(factsOf([escalation(1)]).Until).toBe("a person acknowledges")
    expect(factsOf([circuit("closed", 1)])["Blocked now"]).toBeUndefined()
    const observed = { ...circuit("open", 1), observed: true }
    expect(factsOf([observed])["Blocked now"]).toBeUndefined()
  })

  it("say how fast, where the event tells since when it counts", () => {
    expect(factsOf([tier()])).toMatchObject({
      Pace: "$2 a minute since 10:00 UTC",
      "At this pace": "the limit in 5 min",
    })
    const sliding = tier({ id: `hour/agent-7@${AT_MS - 5 * 3_600_000}/1/0` })
    expect(factsOf([sliding]).Pace).toBeUndefined()
    const life = { periodStartMs: 0, periodEndMs: FOREVER_MS }
    const lifetime = tier({ id: `hour/agent-7@${AT_MS - 40 * 60_000}/1/0`, ...life })
    expect(factsOf([lifetime]).Pace).toBe("$1 a minute since 09:40 UTC")
    expect(factsOf([periodEnd()]).Pace).toBeUndefined()
    const twice = tier({ cap: 100_000_000_000 })
    expect(factsOf([twice])["At this pace"]).toBe("the cap of $100 in 30 min")
    const reached = tier({ settled: 60_000_000_000, held: 2_000_000_000 })
    expect(factsOf([reached])).toMatchObject({
      Pace: "$3 a minute since 10:00 UTC",
      Spent: "$60 of $50 (120 %)",
      "Held by running calls": "$2",
    })
    expect(factsOf([reached])["At this pace"]).toBeUndefined()
    const startMs = AT_MS - 30_000
    const early = tier({ id: `hour/agent-7@${startMs}/1/0`, periodStartMs: startMs })
    expect(factsOf([early]).Pace).toBeUndefined()
    const slow = tier({ settled: 10_000_000, limit: 1_000_000_000 })
    expect(factsOf([slow]).Pace).toBe("$0.03 an hour since 10:00 UTC")
  })

  it("put the worst that still stands first, and count the events", () => {
    const opened = messageOf([tier({}, 1), circuit("open", 1), refusing(1)])
    expect(opened).toMatchObject({
      title: "hour refuses calls of agent-7: $40 of $50 (3 events)",
      severity: "error",
      state: "standing",
    })
    expect(messageOf([circuit("latched", 1), tier({}, 1)])).toMatchObject({ severity: "critical" })
    const over = messageOf([circuit("open", 1), circuit("closed", 1)])
    expect(over).toMatchObject({ state: "over", severity: "info", note: "" })
    expect(over.title).toBe("hour lets agent-7 go on (2 events)")
    expect(over.lines).toEqual([
      "10:20:00 hour stopped agent-7 until 11:20 UTC",
      "10:20:00 hour lets agent-7 go on",
    ])
    const tripped = messageOf([tier(), circuit("closed", 1), circuit("open", 2)])
    expect(tripped.title).toBe("hour stopped agent-7 until 11:20 UTC (3 events)")
    const again = messageOf([circuit("closed", 1), tier()])
    expect(again).toMatchObject({ state: "standing", severity: "warning", note: "Heads up" })
  })

  it("stay on one line, whatever a subject is called", () => {
    const { title, lines } = messageOf([
      tier({ account: `hour/a\n\u202eb\u0000\ud800${"c".repeat(500)}` }),
    ])
    expect(title).toMatch(/^a b �c+… reached/)
    expect(title.length).toBeLessThan(150)
    expect(lines).toHaveLength(1)
  })
})

describe("amounts, times and cuts", () => {
  it.each([
    [999_999_999, "usd", "$0.9999"],
    [49_999_000_000, "usd", "$49.99"],
    [50_000, "usd", "$0.00005"],
    [0, "usd", "$0"],
    [1_234, "tokens", "1234 tokens"],
  ] as const)("never show %i %s as more than it is", (amount, unit, text) => {
    expect(shortAmount(amount, unit)).toBe(text)
  })

  it("name the day only where it is another one", () => {
    expect(timeText(AT_MS, AT_MS)).toBe("10:20 UTC")
    expect(timeText(AT_MS + 24 * 3_600_000, AT_MS)).toBe("2026-01-16 10:20 UTC")
    expect(timeText(Number.MAX_SAFE_INTEGER, AT_MS)).toContain("UTC")
    expect([45_000, 300_000, 3 * 3_600_000, 5 * 86_400_000].map(lengthText)).toEqual([
      "45 s",
      "5 min",
      "3 h",
      "5 days",
    ])
  })

  it("never cut through a character", () => {
    expect(cut("ab🔥", 3)).toBe("ab…")
    expect(cut("ab🔥c", 4)).toBe("ab…")
    expect(shown("🔥".repeat(100), 5)).toBe("🔥🔥…")
  })
})
