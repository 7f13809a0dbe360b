import { describe, expect, it } from "vitest"
import { Draft, isOver } from "../../src/domain/draft.ts"
import { CLOSED, type Meter } from "../../src/domain/ledger.ts"
import { emptyMeter, noted } from "../../src/domain/meter.ts"
import { sourceKey } from "../../src/domain/source.ts"
import { emptyLedger, type Line, type Reservation } from "../../src/domain.ts"
import {
  blockAt,
  charge,
  HOUR,
  hourLine,
  person,
  Room,
  release,
  reserve,
  T0,
  termsOf,
  usd,
} from "../attack/make.ts"

const DAY = 24 * HOUR
const terms = termsOf([blockAt(100)])
const line = hourLine(terms)
const next = hourLine(terms, T0 + HOUR)
const third = hourLine(terms, T0 + 2 * HOUR)
const life = hourLine(termsOf([blockAt(100)], { window: "life", idleMs: HOUR }))
const slide = hourLine(
  termsOf([blockAt(100)], { window: "sliding", slidingMs: HOUR, bucketMs: HOUR / 4 }),
)
const roomOf = (amount: number, of: Line = line): Room => {
  const room = new Room()
  room.do(T0, charge([of], amount))
  return room
}
const meter = (of: Line, more: Partial<Meter> = {}): Meter => ({ ...emptyMeter(of, T0), ...more })
const starts = (draft: Draft): readonly number[] =>
  draft.account(line).meters.map(({ period }) => period.startMs)

describe("a draft", () => {
  it("shows an account that nobody has used as closed and empty", () => {
    const draft = new Draft(emptyLedger(), T0)
    const empty = { key: "b/k", division: "*", circuit: CLOSED, meters: [] }
    expect(draft.account(line)).toEqual(empty)
    expect(draft.findAccount("b/k")).toBeUndefined()
    expect(draft.findMeter(line)).toBeUndefined()
    expect(draft.ledgerMeter(line)).toBeUndefined()
    expect(draft.meter(line)).toEqual(emptyMeter(line, T0))
  })
  it("shows what it wrote itself over what its ledger has, which stays as it was", () => {
    const { ledger } = roomOf(10)
    const draft = new Draft(ledger, T0)
    draft.putMeter(line, { ...draft.meter(line), settled: 20 })
    expect(draft.meter(line).settled).toBe(20)
    expect(draft.ledgerMeter(line)?.settled).toBe(10)
  })
  it("forgets the openings of a circuit that closed long ago", () => {
    const room = roomOf(10)
    room.do(T0, { kind: "trip", account: "b/k", coolDownMs: 1, ...person })
    room.do(T0 + 1, { kind: "expire" })
    const circuitAt = (atMs: number) => new Draft(room.ledger, atMs).findAccount("b/k")?.circuit
    expect(circuitAt(T0 + 32 * DAY)).toMatchObject({ generation: 1 })
    expect(circuitAt(T0 + 1 + 32 * DAY)).toBe(CLOSED)
  })
  it("begins an idle lifetime anew", () => {
    const { ledger } = roomOf(10, life)
    expect(new Draft(ledger, T0 + HOUR - 1).meter(life).settled).toBe(10)
    const draft = new Draft(ledger, T0 + HOUR)
    expect(draft.findMeter(life)).toBeUndefined()
    expect(draft.meter(life)).toEqual(emptyMeter(life, T0 + HOUR))
    expect(draft.ledgerMeter(life)?.settled).toBe(10)
  })
})

describe("a period is kept", () => {
  it.each([
    ["until one more is over", line, 0, 2 * HOUR - 1, true],
    ["not longer", line, 0, 2 * HOUR, false],
    ["longer while something is held on it", line, 1, 2 * HOUR, true],
    ["not longer where it is a bucket, whatever is held", slide, 1, 2 * HOUR, false],
    ["as a bucket until then, too", slide, 0, 2 * HOUR - 1, true],
  ])("%s", (_, of, held, later, is) => {
    const room = new Room()
    room.do(T0, reserve([of], held, T0, { expiresAtMs: T0 + DAY }))
    expect(new Draft(room.ledger, T0 + later).keeps(of)).toBe(is)
  })
})

describe("a meter that is written", () => {
  it("stands among the others by its start, in place of the one it was", () => {
    const draft = new Draft(emptyLedger(), T0)
    for (const one of [next, line, third, line]) draft.putMeter(one, meter(one))
    expect(starts(draft)).toEqual([T0, T0 + HOUR, T0 + 2 * HOUR])
  })
  it("lets go of others that are no longer kept, unless they hold something", () => {
    const after = (held: number, later: number): readonly number[] => {
      const { ledger } = new Room()
      const before = new Draft(ledger, T0)
      before.putMeter(line, meter(line, { held }))
      const draft = new Draft(ledger, T0 + later)
      draft.putAccount(before.account(line))
      draft.putMeter(third, meter(third))
      return starts(draft)
    }
    expect(after(0, 2 * HOUR - 1)).toEqual([T0, T0 + 2 * HOUR])
    expect(after(0, 2 * HOUR)).toEqual([T0 + 2 * HOUR])
    expect(after(1, 2 * HOUR)).toEqual([T0, T0 + 2 * HOUR])
  })
  it("remembers its last use where it is forgotten by that, and never an earlier one", () => {
    const used = (of: Line, later: number): number => {
      const draft = new Draft(emptyLedger(), T0 + later)
      draft.putMeter(of, meter(of))
      return draft.meter(of).usedAtMs
    }
    expect([life, slide, line].map((of) => used(of, 5))).toEqual([T0 + 5, T0 + 5, 0])
    expect([life, slide, line].map((of) => used(of, -5))).toEqual([T0, T0, 0])
  })
  it("lets go of the buckets that are no longer kept", () => {
    const bucket = (keptUntilMs: number) => ({
      period: { startMs: T0, endMs: T0, keptUntilMs },
      settled: 1,
    })
    const buckets = [bucket(T0 + 6), bucket(T0 + 5), bucket(T0 + 7)]
    const draft = new Draft(emptyLedger(), T0 + 5)
    draft.putMeter(slide, noted(meter(slide), { buckets }))
    expect(draft.meter(slide).notes.buckets).toEqual([bucket(T0 + 6), bucket(T0 + 7)])
  })
})

describe("a reservation", () => {
  const made = (of: readonly Line[], hold = 5): { room: Room; one: Reservation } => {
    const room = new Room()
    const { n } = room.do(T0, reserve(of, hold, T0, { expiresAtMs: T0 + 1 }))
    const one = room.ledger.reservations.get({ source: "s", n }, "*")
    if (one === undefined) throw new Error("no reservation")
    return { room, one }
  }
  const expired = (one: Reservation): Reservation => ({ ...one, state: "expired" })
  const isOverAt = (of: readonly Line[], later: number, held = 0): boolean => {
    const { room, one } = made(of)
    room.do(T0 + 1, { kind: "expire" })
    if (held > 0) room.do(T0 + 1, reserve(of, held, T0 + 1, { expiresAtMs: T0 + DAY }))
    return isOver(new Draft(room.ledger, T0 + later), expired(one))
  }
  const later = { ...next, account: "b/later" }
  it("is over with the last of its periods once it has expired, never while it runs", () => {
    expect([2 * HOUR - 1, 2 * HOUR].map((by) => isOverAt([line], by))).toEqual([false, true])
    expect(isOverAt([line, later], 2 * HOUR)).toBe(false)
    expect(isOverAt([line, later], 3 * HOUR)).toBe(true)
    expect(isOverAt([line], 2 * HOUR, 1)).toBe(false)
    const { room, one } = made([line])
    expect(isOver(new Draft(room.ledger, T0 + DAY), one)).toBe(false)
  })
  it("is over with the life that it held in", () => {
    expect([HOUR, HOUR + 1].map((by) => isOverAt([life], by))).toEqual([false, true])
    const { room, one } = made([life])
    const another = new Room()
    another.do(T0 + 9, charge([life], 1))
    expect(isOver(new Draft(another.ledger, T0 + 9), expired(one))).toBe(true)
    expect(isOver(new Draft(room.ledger, T0), expired({ ...one, lives: null }))).toBe(false)
  })
  it("counts on a line that it holds something on, whatever became of the period", () => {
    const { one } = made([line])
    const draft = new Draft(emptyLedger(), T0 + DAY)
    expect(draft.counts(one, line, 0)).toBe(true)
    expect(draft.counts({ ...one, settled: usd(5) }, line, 0)).toBe(false)
    expect(draft.counts(expired(one), line, 0)).toBe(false)
  })
  it("counts on an hour beside a lifetime as long as that hour is kept", () => {
    const { room, one } = made([{ ...life, account: "b/life" }, line], 0)
    const counts = (later: number) =>
      new Draft(room.ledger, T0 + later).counts(expired(one), line, 1)
    expect([2 * HOUR - 1, 2 * HOUR].map(counts)).toEqual([true, false])
  })
  it("is found as the draft wrote it: changed, or ended", () => {
    const { room, one } = made([line])
    const draft = new Draft(room.ledger, T0)
    expect(draft.reservation(one.id, "*")).toBe(one)
    expect(draft.reservation(one.id, "a")).toBeUndefined()
    draft.putReservation({ ...one, seq: 7 })
    expect(draft.reservation(one.id, "*")?.seq).toBe(7)
    draft.endReservation(one)
    expect(draft.reservation(one.id, "*")).toBeUndefined()
  })
})

describe("a switch", () => {
  it.each([
    ["for good", null, 9, true],
    ["until an instant, before it", 5, 4, true],
    ["until an instant, at it", 5, 5, false],
  ] as const)("is off %s", (_, until, later, is) => {
    const { ledger } = new Room()
    ledger.switches.set("k=1", { untilMs: until === null ? null : T0 + until })
    const draft = new Draft(ledger, T0 + later)
    expect(draft.switchedOff("k=1") !== undefined).toBe(is)
    expect(draft.switchedOff("k=2")).toBeUndefined()
  })
})

describe("how a reservation ended", () => {
  it("is known from the draft's own marks, else from its ledger", () => {
    const room = new Room()
    room.do(T0, release(40))
    const draft = new Draft(room.ledger, T0)
    const [s, other] = [sourceKey("s", "*"), sourceKey("other", "*")]
    expect([draft.endOf(s, 40), draft.endOf(s, 41), draft.endOf(other, 1)]).toEqual([
      "released",
      null,
      null,
    ])
    const mark = { kind: "marked", atMs: T0, fresh: false, ended: "settled" } as const
    draft.mark({ ...mark, key: other, n: 1 })
    draft.mark({ ...mark, key: other, n: 40, ended: "released" })
    draft.mark({ ...mark, key: s, n: 40 })
    expect([draft.endOf(s, 40), draft.endOf(other, 1), draft.endOf(other, 2)]).toEqual([
      "settled",
      "settled",
      null,
    ])
    const entry = null
    draft.mark({ kind: "answered", key: s, n: 50, done: 0, atMs: T0, fresh: false, entry })
    expect(draft.endOf(s, 50)).toBeNull()
  })
})

describe("what a draft writes", () => {
  it("is accounts, reservations, switches, the answer, and marks after it", () => {
    const { ledger } = roomOf(10)
    const draft = new Draft(ledger, T0)
    const mark = { kind: "marked", n: 2, atMs: T0, fresh: true, ended: "settled" } as const
    const answer = { kind: "answered", n: 3, done: 0, atMs: T0, fresh: true, entry: null } as const
    draft.mark({ ...mark, key: "one" })
    draft.mark({ ...mark, key: "other" })
    expect(draft.changes).toEqual([
      { ...mark, key: "one" },
      { ...mark, key: "other" },
    ])
    draft.mark({ ...answer, key: "one" })
    draft.putSwitch("k=1", { untilMs: null })
    draft.putSwitch("k=2", null)
    const account = draft.account(line)
    draft.putAccount(account)
    expect(draft.changes).toEqual([
      { kind: "account", key: "b/k", value: account },
      { kind: "switch", key: "k=1", value: { untilMs: null } },
      { kind: "switch", key: "k=2", value: null },
      { ...answer, key: "one" },
      // The answer began this source.
      { ...mark, key: "one", fresh: false },
      { ...mark, key: "other" },
    ])
    const [first] = draft.changes
    expect(first?.kind === "account" && first.value?.meters[0]).not.toBe(account.meters[0])
  })
})
