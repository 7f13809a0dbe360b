import { expect, it } from "vitest"
import { dueOf } from "../../src/domain/due.ts"
import {
  type Account,
  type Circuit,
  CLOSED,
  type Meter,
  NO_NOTES,
} from "../../src/domain/ledger.ts"
import { blockAt, termsOf } from "../attack/make.ts"

const opening = { generation: 1, since: 1, observed: false, told: [], causeStartMs: null }
const coolDown = { coolDownMs: 1, maxCoolDownMs: 1 }
const open: Circuit = { ...opening, ...coolDown, state: "open", untilMs: 15, probation: null }
const halfOpen: Circuit = {
  ...opening,
  ...coolDown,
  state: "half-open",
  untilMs: 15,
  probation: { allow: 1, forMs: 1 },
  meterStartMs: null,
  allowance: 1,
}
const latched: Circuit = { ...opening, state: "latched", escalation: null }
const escalating: Circuit = {
  ...latched,
  escalation: { sinceMs: 0, untilMs: 15, everyMs: 15, channels: ["page"] },
}

const meterUntil = (endMs: number, told: readonly string[] = ["slack"]): Meter => ({
  period: { startMs: 0, endMs, keptUntilMs: 2 * endMs },
  terms: termsOf([blockAt(100)]),
  settled: 0,
  held: 0,
  notes: { ...NO_NOTES, told },
  usedAtMs: 0,
  bornAtMs: 0,
})

it.each<[string, Circuit, readonly Meter[], number | null]>([
  ["a closed one never", CLOSED, [], null],
  ["an open one at the end of its cool-down", open, [], 15],
  ["a half-open one at the end of its probation", halfOpen, [], 15],
  ["a latched one never", latched, [], null],
  ["a latched one whose channels wait when the next is due", escalating, [], 15],
  ["one whose period somebody heard of at its end", CLOSED, [meterUntil(10)], 10],
  ["one whose period nobody heard of never", CLOSED, [meterUntil(10, [])], null],
  ["the circuit before the period", open, [meterUntil(20)], 15],
  ["the period before the circuit", open, [meterUntil(10)], 10],
  ["the first of its periods", CLOSED, [meterUntil(20), meterUntil(10)], 10],
  ["the first of its periods, in any order", CLOSED, [meterUntil(10), meterUntil(20)], 10],
])("an account moves by itself: %s", (_, circuit, meters, dueMs) => {
  const account: Account = { key: "b/k", division: "*", circuit, meters }
  expect(dueOf(account)).toBe(dueMs)
})
