import type { DomainEvent } from "@spendfuse/core"
import { describe, expect, it } from "vitest"
import { consoleNotifier, describe as lineOf } from "../../src/console.ts"

const atMs = Date.UTC(2026, 0, 15, 10, 20)
const meter = {
  id: "id",
  atMs,
  channels: [],
  account: "key-hour/k1",
  incident: "key-hour/k1/1",
  generation: 1,
  periodStartMs: Date.UTC(2026, 0, 15, 10),
  periodEndMs: Date.UTC(2026, 0, 15, 11),
  cap: 50_000_000_000,
  settled: 40_000_000_000,
  held: 0,
  limit: 50_000_000_000,
  unit: "usd",
} as const
const head = { id: "id", atMs, channels: [] }

const EVENTS: readonly (readonly [DomainEvent, string])[] = [
  [
    {
      ...meter,
      kind: "tier",
      level: 1,
      label: "80%",
      passed: 1,
      message: "Heads up",
      effect: "notify",
    },
    "2026-01-15T10:20:00.000Z tier key-hour 80% · key-hour/k1 · $40 of $50: Heads up",
  ],
  [
    { ...meter, kind: "tier", level: 1, label: "80%", passed: 1, message: "", effect: "notify" },
    "2026-01-15T10:20:00.000Z tier key-hour 80% · key-hour/k1 · $40 of $50",
  ],
  [
    { ...meter, kind: "overshoot" },
    "2026-01-15T10:20:00.000Z overshoot key-hour · key-hour/k1 · $40 of $50",
  ],
  [
    { ...meter, kind: "refusing", unit: "tokens", settled: 5, limit: 9 },
    "2026-01-15T10:20:00.000Z refusing key-hour · key-hour/k1 · 5 tokens of 9 tokens",
  ],
  [
    { ...meter, kind: "would-refuse", reason: "exhausted" },
    "2026-01-15T10:20:00.000Z would-refuse key-hour exhausted · key-hour/k1 · $40 of $50",
  ],
  [
    {
      ...head,
      kind: "circuit",
      account: "key-hour/k1",
      incident: "key-hour/k1/1",
      state: "open",
      generation: 1,
      observed: false,
      by: null,
      why: null,
      untilMs: Date.UTC(2026, 0, 15, 11),
    },
    "2026-01-15T10:20:00.000Z circuit key-hour open · key-hour/k1 until 2026-01-15T11:00:00.000Z",
  ],
  [
    {
      ...head,
      kind: "circuit",
      account: "key-hour/k1",
      incident: "key-hour/k1/1",
      state: "latched",
      generation: 1,
      observed: false,
      by: null,
      why: null,
      untilMs: null,
    },
    "2026-01-15T10:20:00.000Z circuit key-hour latched · key-hour/k1",
  ],
  [{ ...head, kind: "expired", reservation: "s/1" }, "2026-01-15T10:20:00.000Z expired s/1"],
  [
    { ...head, kind: "audit", verb: "trip", target: "key-hour/k1", by: "ada", why: "a loop" },
    "2026-01-15T10:20:00.000Z audit trip · key-hour/k1 · by ada: a loop",
  ],
]

describe("the console notifier", () => {
  it.each(EVENTS)("writes one line: $kind", (event, line) => {
    expect(lineOf(event)).toBe(line)
  })

  it("writes each event of a delivery with its name, in order, where it is told", async () => {
    const lines: string[] = []
    const notifier = consoleNotifier({ name: "slack", write: (line) => lines.push(line) })
    expect(notifier.name).toBe("slack")
    const events = EVENTS.map(([event]) => event)
    await notifier.deliver(events, new AbortController().signal)
    expect(lines).toEqual(EVENTS.map(([, line]) => `[slack] ${line}`))
  })

  it("writes JSON lines for collectors: amounts as text, one object per line", async () => {
    const lines: string[] = []
    const write = (line: string) => lines.push(line)
    const notifier = consoleNotifier({ name: "slack", format: "json", write })
    const [event] = EVENTS[0] ?? []
    const forged = "k1\n\u001b[2J\u009b2J\u2028"
    await notifier.deliver(
      [{ ...event, account: forged } as DomainEvent],
      new AbortController().signal,
    )
    expect(lines).toHaveLength(1)
    expect(lines[0]).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u)
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      channel: "slack",
      version: 1,
      kind: "tier",
      account: forged,
      settled: "40000000000",
      limit: "50000000000",
      atMs,
    })
  })

  it("warns on the console unless it is told otherwise", async () => {
    const { warn } = console
    const lines: unknown[] = []
    console.warn = (line: unknown) => lines.push(line)
    try {
      const events = EVENTS.slice(0, 1).map(([event]) => event)
      await consoleNotifier().deliver(events, new AbortController().signal)
    } finally {
      console.warn = warn
    }
    expect(lines).toEqual([`[console] ${EVENTS[0]?.[1]}`])
  })

  it("keeps to one line, whatever a subject, a message or a reason holds", () => {
    const forged = "k1\n2026-01-15 all is well\u001b[2J\u2028"
    const event: DomainEvent = {
      ...head,
      kind: "audit",
      verb: "trip",
      target: forged,
      by: forged,
      why: "x".repeat(20_000),
    }
    const line = lineOf(event)
    expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u)
    expect(line).toContain("k1\\u000a2026")
    expect(line.length).toBeLessThan(3_000)
  })
})
