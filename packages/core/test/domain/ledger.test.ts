import { describe, expect, it } from "vitest"
import {
  type Account,
  type Circuit,
  CLOSED,
  copyOfAccount,
  emptyLedger,
  type Handle,
  type Meter,
  NO_NOTES,
  type Notes,
  remembered,
} from "../../src/domain/ledger.ts"
import type { Line } from "../../src/domain.ts"
import { blockAt, hourLine, T0, termsOf, tierOf } from "../attack/make.ts"

const line = hourLine(termsOf([blockAt(100)]))
const MONTH = 32 * 86_400_000
const closedBefore: Circuit = { state: "closed", generation: 3, observed: false, sinceMs: T0 }
const meterWith = (notes: Notes): Meter => ({
  period: line.period,
  terms: line.terms,
  settled: 1,
  held: 2,
  notes,
  usedAtMs: 3,
  bornAtMs: 4,
})
const accountOf = (circuit: Circuit, notes: Notes): Account => ({
  key: "b/k",
  division: "org",
  circuit,
  meters: [meterWith(notes)],
})

describe("a copy of an account", () => {
  it.each<readonly [keyof Notes, unknown]>([
    ["buckets", [{ period: line.period, settled: 1 }]],
    ["marks", [{ at: 1, repeat: 0, fired: 1, arming: 0 }]],
    ["acknowledged", 5],
    ["acknowledgedUntilMs", T0],
    ["allow", { amount: 5, tier: tierOf(5), fired: false }],
    ["refusals", 1],
    ["refusedAtMs", T0],
    ["busySinceMs", T0],
    ["said", ["refusing"]],
    ["told", ["slack"]],
    ["ends", 1],
  ])("keeps whatever its meters remember: %s", (name, value) => {
    const account = accountOf(CLOSED, { ...NO_NOTES, [name]: value })
    expect(copyOfAccount(account)).toEqual(account)
  })

  it("has meters of its own, and shares what never changes", () => {
    const account = accountOf({ ...CLOSED }, { ...NO_NOTES })
    const copy = copyOfAccount(account)
    expect(copy).toEqual(account)
    expect(copy.meters[0]).not.toBe(account.meters[0])
    expect([copy.circuit === CLOSED, copy.meters[0]?.notes === NO_NOTES]).toEqual([true, true])
  })

  it("keeps a circuit that opened before", () => {
    const account = accountOf(closedBefore, NO_NOTES)
    expect(copyOfAccount(account)).toEqual(account)
  })
})

it("a circuit that never opened, and a meter that nothing happened to, remember nothing", () => {
  expect(CLOSED).toEqual({ state: "closed", generation: 0, observed: false, sinceMs: 0 })
  expect(NO_NOTES).toEqual({
    buckets: [],
    marks: [],
    acknowledged: 0,
    acknowledgedUntilMs: null,
    allow: null,
    refusals: 0,
    refusedAtMs: null,
    busySinceMs: null,
    said: [],
    told: [],
    ends: 0,
  })
})

it("openings are remembered for 32 days after the circuit closed, and as long as it is not", () => {
  const latched: Circuit = {
    state: "latched",
    generation: 3,
    since: 3,
    observed: false,
    told: [],
    causeStartMs: null,
    escalation: null,
  }
  expect(remembered(closedBefore, T0 + MONTH - 1)).toBe(closedBefore)
  expect(remembered(closedBefore, T0 + MONTH)).toBe(CLOSED)
  expect(remembered(latched, T0 + 99 * MONTH)).toBe(latched)
})

it("what is at hand is of one list of lines, itself and none like it", () => {
  const { handles } = emptyLedger()
  const one: readonly Line[] = [line]
  const other: readonly Line[] = [line]
  const ofOne: readonly Handle[] = []
  const ofOther: readonly Handle[] = []
  expect(handles.knows(one)).toBe(false)
  handles.set(one, ofOne)
  handles.set(other, ofOther)
  expect([one, other, one, []].map((lines) => handles.get(lines))).toEqual([[], [], [], undefined])
  expect([handles.get(one) === ofOne, handles.get(other) === ofOther]).toEqual([true, true])
  const asked = [one, [line], other, undefined, null, "b/k", 7] as unknown as (readonly Line[])[]
  expect(asked.map((lines) => handles.knows(lines))).toEqual([
    true,
    false,
    true,
    false,
    false,
    false,
    false,
  ])
})
