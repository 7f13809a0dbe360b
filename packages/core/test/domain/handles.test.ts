import { describe, expect, it } from "vitest"
import { currentHandles, handlesOf, REPLACED } from "../../src/domain/handles.ts"
import { CLOSED, type Meter, NO_NOTES, type Notes } from "../../src/domain/ledger.ts"
import { emptyMeter } from "../../src/domain/meter.ts"
import { type Account, emptyLedger, evolve, type Ledger } from "../../src/domain.ts"
import { blockAt, HOUR, hourLine, T0, termsOf, tierOf } from "../attack/make.ts"

const terms = termsOf([
  tierOf(20, { repeat: 10, notify: ["log"] }),
  tierOf(50, { degrade: ["x"] }),
  tierOf(40, { degrade: ["y"] }),
  blockAt(100),
])
const line = hourLine(terms)
const meter = (notes: Partial<Notes> = {}, of = line): Meter => ({
  ...emptyMeter(of, T0),
  notes: { ...NO_NOTES, ...notes },
})
const put = (ledger: Ledger, meters: readonly Meter[], more: Partial<Account> = {}): void => {
  const value = { key: "b/k", division: "*", circuit: CLOSED, meters, ...more }
  evolve(ledger, [{ kind: "account", key: value.key, value }])
}
const handle = (notes: Partial<Notes> = {}, others: readonly Meter[] = [], of = line) => {
  const ledger = emptyLedger()
  put(ledger, [meter(notes, of), ...others])
  return handlesOf(ledger, [of])?.[0]
}
const limits = { unit: "usd", idleMs: 0, cap: 100, nextLevel: 20, degradeAt: 40 }

describe("what bounds a meter at hand", () => {
  const allow = { amount: 17, tier: blockAt(100), fired: false }
  const marks = [
    { at: 20, repeat: 10, fired: 60, arming: 0 },
    { at: 50, repeat: 0, fired: 50, arming: 0 },
    { at: 40, repeat: 0, fired: 40, arming: 0 },
  ]
  it.each([
    ["of a new one", {}, limits],
    ["is the next level of each tier that fired", { marks }, { ...limits, nextLevel: 70 }],
    ["is what a person allowed", { allow }, { ...limits, nextLevel: 17, cap: 17 }],
    [
      "is the cap alone, where what was allowed has fired",
      { allow: { ...allow, fired: true } },
      { ...limits, cap: 17 },
    ],
    ["is the level after what is acknowledged", { acknowledged: 100 }, { ...limits, cap: 200 }],
  ])("%s", (_, notes, is) => {
    expect(handle(notes)?.limits).toEqual(is)
  })
  it("of terms without tiers is nothing", () => {
    const none = Number.POSITIVE_INFINITY
    const free = hourLine(termsOf([], { idleMs: 5, window: "life", unit: "tokens" }))
    const is = { unit: "tokens", idleMs: 5, cap: none, nextLevel: none, degradeAt: none }
    expect(handle({}, [], free)?.limits).toEqual(is)
  })
  it("is computed once for the same terms and notes", () => {
    const fresh = hourLine(termsOf([blockAt(7)]))
    expect(handle({}, [], fresh)?.limits).toBe(handle({}, [], fresh)?.limits)
    expect(handle({ acknowledged: 100 })?.limits).not.toBe(handle()?.limits)
  })
})

describe("a meter at hand is plain", () => {
  it("until another of its account may be forgotten, or an end is to be told", () => {
    const next = meter({}, hourLine(terms, T0 + HOUR))
    const last = meter({ told: ["log"] }, hourLine(terms, T0 + HOUR / 2))
    expect(handle()?.plainUntilMs).toBe(Number.POSITIVE_INFINITY)
    expect(handle({ told: ["log"] })?.plainUntilMs).toBe(T0 + HOUR)
    expect(handle({}, [next])?.plainUntilMs).toBe(T0 + 3 * HOUR)
    expect(handle({ told: ["log"] }, [next])?.plainUntilMs).toBe(T0 + HOUR)
    expect(handle({}, [{ ...last, period: next.period }])?.plainUntilMs).toBe(T0 + 2 * HOUR)
  })
  it.each([
    ["with refusals to count off", { refusals: 1 }],
    ["while it refuses for `busy`", { busySinceMs: 0 }],
  ])("not %s", (_, notes) => {
    expect(handle(notes)).toBeUndefined()
  })
})

describe("meters at hand", () => {
  const other = { ...line, account: "b/other" }
  const room = (): Ledger => {
    const ledger = emptyLedger()
    put(ledger, [meter()])
    put(ledger, [meter()], { key: "b/other" })
    return ledger
  }
  it("are looked up once for a list of lines, and again when one of its accounts was written", () => {
    const ledger = room()
    const lines = [line, other]
    expect(currentHandles(ledger, lines)).toBeUndefined()
    const first = handlesOf(ledger, lines)
    expect(handlesOf(ledger, lines)).toBe(first)
    put(ledger, [meter()], { key: "b/third" })
    expect(currentHandles(ledger, lines)).toBe(first)
    expect(ledger.handles.current).toBe(lines)
    put(ledger, [{ ...meter(), settled: 7 }], { key: "b/other" })
    expect(currentHandles(ledger, lines)).toBeUndefined()
    expect(first?.[1]?.meter.period).toBe(REPLACED)
    expect(handlesOf(ledger, lines)?.map(({ meter: { settled } }) => settled)).toEqual([0, 7])
  })
  it("are those of their own list, whichever was asked for last", () => {
    const ledger = room()
    const [one, two] = [[line], [other]]
    const [first, second] = [handlesOf(ledger, one), handlesOf(ledger, two)]
    expect(currentHandles(ledger, one)).toBe(first)
    expect(currentHandles(ledger, two)).toBe(second)
    expect(first?.[0]?.meter).not.toBe(second?.[0]?.meter)
  })
  it("are none where one of them is not plain", () => {
    const ledger = room()
    expect(handlesOf(ledger, [line, { ...line, account: "b/nobody" }])).toBeNull()
  })
  it("of a meter that was replaced have no period that any instant lies in", () => {
    const never = Number.NEGATIVE_INFINITY
    expect(REPLACED).toEqual({ startMs: never, endMs: never, keptUntilMs: never })
  })
})
