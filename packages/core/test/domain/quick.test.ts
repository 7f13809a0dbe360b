import { describe, expect, it } from "vitest"
import type { Reserved, Settled } from "../../src/domain/draft.ts"
import { quickReserve, quickSettle } from "../../src/domain/quick.ts"
import { sourceKey } from "../../src/domain/source.ts"
import { FOREVER_MS } from "../../src/domain/time.ts"
import {
  type Command,
  copyOf,
  decideInFull,
  evolve,
  type Ledger,
  type Line,
  type Reserve,
  type Settle,
} from "../../src/domain.ts"
import {
  blockAt,
  charge,
  extend,
  HOUR,
  hourLine,
  person,
  Room,
  release,
  reserve,
  settle,
  T0,
  termsOf,
  tierOf,
  usd,
} from "../attack/make.ts"
import { textOf } from "../attack/model/text.ts"

const MAX = 2 ** 50
const terms = termsOf([tierOf(50, { notify: ["warn"] }), blockAt(100)])
const line = hourLine(terms)
const free = hourLine(termsOf([]))
const life: Line = {
  ...hourLine(termsOf([blockAt(100)], { window: "life", idleMs: HOUR })),
  period: { startMs: 0, endMs: FOREVER_MS, keptUntilMs: FOREVER_MS },
}
const other = hourLine(terms, T0, "b/other")
const head = { id: { source: "s", n: 99 }, done: 0, division: "*" }

/** A ledger whose lines have spent so much. */
const roomOf = (spent: number, lines: readonly Line[] = [line]): Room => {
  const room = new Room()
  room.do(T0, charge(lines, spent))
  return room
}
const sourceIn = ({ sources }: Ledger, source: string) => sources.get(sourceKey(source, "*"))

/** What is decided at once must be what the full rules decide and write. */
const checked = <T extends Reserved | Settled>(
  ledger: Ledger,
  command: Command,
  atMs: number,
  found: T | null,
): T | null => {
  if (found === null) return null
  const [quick, full] = [copyOf(ledger), copyOf(ledger)]
  const must = decideInFull(full, command, atMs)
  expect([found.outcome, must.events]).toEqual([must.outcome, []])
  evolve(quick, [found])
  evolve(full, must.changes)
  expect(textOf(quick)).toEqual(textOf(full))
  return found
}
const quickly = (
  { ledger }: Room,
  more: Partial<Reserve> = {},
  base = 1,
  atMs = T0,
  lines: readonly Line[] = [line],
) => {
  const command = { ...reserve(lines, base, atMs), ...head, ...more } as Reserve
  const source = sourceIn(ledger, command.id.source)
  return checked(ledger, command, atMs, quickReserve(ledger, source, command, atMs))
}
const settled = ({ ledger }: Room, of: number, more: Partial<Settle> = {}, atMs = T0) => {
  const command = { ...settle(of, 0), ...head, ...more } as Settle
  const source = sourceIn(ledger, command.id.source)
  return checked(ledger, command, atMs, quickSettle(ledger, source, command, atMs))
}
const flip = (room: Room): unknown =>
  room.do(T0, { kind: "switch", switch: "k=1", state: "off", untilMs: null, ...person })

describe("a Reserve is decided at once", () => {
  const upTo = (most: number, each = 1, least = 0) => ({
    perUnit: usd(each),
    units: { least, most },
  })
  it.each([
    [20, upTo(0), 0],
    [20, upTo(30), 30],
    [20, upTo(70), 70],
    [20, upTo(71), 70],
    [20, upTo(99, 20), 3],
    [20, upTo(80, 1, 70), 70],
    [20, upTo(80, 1, 71), null],
    [90, upTo(0), 0],
    [90, upTo(5), 0],
    [90, upTo(5, 0), 5],
    [91, upTo(0), null],
    [91, upTo(5), null],
    [91, upTo(5, 0), null],
  ])("where it fits beside 10 under 100: %i and %o are granted %s", (base, more, granted) => {
    expect(quickly(roomOf(10), more, base)?.outcome ?? null).toEqual(
      granted === null ? null : { kind: "reserved", granted },
    )
  })
  it("where it fits on every line", () => {
    const room = roomOf(10, [line, other])
    room.do(T0, charge([other], 20))
    const ask = (base: number) => quickly(room, upTo(99), base, T0, [line, other])?.outcome ?? null
    expect(ask(10)).toEqual({ kind: "reserved", granted: 60 })
    expect(ask(71)).toBeNull()
  })
  it.each([
    [600_000, true],
    [600_001, false],
    [-600_000, true],
    [-600_001, false],
  ])("where its clock is %i ms off: %s", (off, is) => {
    expect(quickly(roomOf(10), { issuedAtMs: T0 + off }) !== null).toBe(is)
  })
  it("where none of its switches is off", () => {
    const room = roomOf(10)
    flip(room)
    expect(quickly(room, { switches: ["k=2"] })).not.toBeNull()
    expect(quickly(room, { switches: ["k=2", "k=1"] })).toBeNull()
  })
  it("where no reservation of its number runs", () => {
    const room = roomOf(10)
    room.do(T0, reserve([line], 1, T0), { n: 99 })
    expect(quickly(room)).toBeNull()
    expect(quickly(room, { id: { source: "s", n: 98 } })).not.toBeNull()
  })
  it("where its source is known, or begins; not where only marks name it", () => {
    const room = roomOf(10)
    expect(quickly(room)?.fresh).toBe(false)
    expect(quickly(room, { id: { source: "new", n: 1 } })?.fresh).toBe(true)
    room.do(T0, { kind: "release", reservation: { source: "marked", n: 1 } })
    expect(quickly(room, { id: { source: "marked", n: 2 } })).toBeNull()
  })
  it("where no tier degrades yet", () => {
    const cheap = hourLine(termsOf([tierOf(50, { degrade: ["x"] }), tierOf(60, { degrade: [] })]))
    expect(quickly(roomOf(49, [cheap]), {}, 1, T0, [cheap])).not.toBeNull()
    expect(quickly(roomOf(50, [cheap]), {}, 1, T0, [cheap])).toBeNull()
  })
  it("up to the end of a period whose levels were told, else as long as it is kept", () => {
    const at = (spent: number, atMs: number) => quickly(roomOf(spent), {}, 1, atMs) !== null
    expect([at(50, T0 + HOUR - 1), at(50, T0 + HOUR)]).toEqual([true, false])
    expect([at(49, T0 + HOUR), at(49, T0 + 2 * HOUR - 1)]).toEqual([true, true])
    expect(at(49, T0 + 2 * HOUR)).toBe(false)
  })
  it("until another meter of the account may be forgotten", () => {
    const next = hourLine(terms, T0 + HOUR)
    const room = roomOf(10, [line])
    room.do(T0, charge([next], 10))
    const at = (atMs: number) => quickly(room, {}, 1, atMs, [next]) !== null
    expect([at(T0 + 2 * HOUR - 1), at(T0 + 2 * HOUR)]).toEqual([true, false])
  })
  it("until a lifetime is idle", () => {
    const at = (atMs: number) => quickly(roomOf(10, [life]), {}, 1, atMs, [life]) !== null
    expect([at(T0 + HOUR - 1), at(T0 + HOUR)]).toEqual([true, false])
  })
  it("on lifetimes among other lines, which remember the life and its last use", () => {
    const lines = [line, { ...life, account: "b/life" }]
    const room = roomOf(10, lines)
    const at = (atMs: number) => quickly(room, {}, 1, atMs, lines)
    expect([at(T0 + 5), at(T0 - 5)]).not.toContain(null)
    room.do(T0 + 5, reserve(lines, 1, T0))
    room.do(T0 + 3, reserve(lines, 1, T0))
    expect(room.meter("b/life")).toMatchObject({ bornAtMs: T0, usedAtMs: T0 + 5, held: 2 })
    expect(room.meter()).toMatchObject({ bornAtMs: 0, usedAtMs: 0, held: 2 })
    const lives = [...room.ledger.reservations.values()].map((one) => one.lives)
    expect(lives).toEqual([
      [0, T0],
      [0, T0],
    ])
    room.do(T0 + 9, settle(2, 1))
    room.do(T0 + 7, settle(3, 1))
    expect(room.meter("b/life")).toMatchObject({ usedAtMs: T0 + 9, held: 0, settled: 12 })
  })
  it.each([
    [MAX, {}, true],
    [MAX + 1, {}, false],
    [0, { base: usd(MAX) }, true],
    [0, { base: usd(MAX + 1) }, false],
    [0, { base: { usd: 0, tokens: MAX, requests: 0 } }, true],
    [0, { base: { usd: 0, tokens: MAX + 1, requests: 0 } }, false],
    [0, { base: { usd: 0, tokens: 0, requests: MAX } }, true],
    [0, { base: { usd: 0, tokens: 0, requests: MAX + 1 } }, false],
    [0, { base: usd(MAX - 2), ...upTo(2) }, true],
    [0, { base: usd(MAX - 2), ...upTo(3) }, false],
    [0, { ...upTo(2), perUnit: { usd: 0, tokens: MAX / 2, requests: MAX / 2 } }, true],
    [0, { ...upTo(2), perUnit: { usd: 0, tokens: MAX / 2 + 1, requests: 0 } }, false],
    [0, { ...upTo(2), perUnit: { usd: 0, tokens: 0, requests: MAX / 2 + 1 } }, false],
  ])("where no sum comes near 2^53: %i and %o: %s", (spent, more, is) => {
    expect(quickly(roomOf(spent, [free]), more, 1, T0, [free]) !== null).toBe(is)
  })
  it("where what is held is far from 2^53, too", () => {
    const room = roomOf(MAX - 1, [free])
    room.do(T0, reserve([free], 1, T0))
    expect(quickly(room, {}, 1, T0, [free])).not.toBeNull()
    room.do(T0, reserve([free], 1, T0))
    expect(quickly(room, {}, 1, T0, [free])).toBeNull()
  })

  const latch = hourLine(termsOf([blockAt(100, { kind: "latch" })]))
  const plain: readonly (readonly [string, Line, Line])[] = [
    ["its circuit is not closed", latch, latch],
    ["nobody has used its account", hourLine(terms, T0, "b/new"), line],
    ["nobody has used its period", hourLine(terms, T0 + HOUR), line],
    ["its terms are others", hourLine(termsOf([blockAt(90)])), line],
    ["it observes", hourLine(termsOf([blockAt(100)], { observe: true })), line],
    ["it slides", hourLine(termsOf([], { slidingMs: HOUR, bucketMs: HOUR / 4 })), line],
  ]
  it.each(plain)("not where %s", (_, asked, used) => {
    const room = roomOf(100, [used])
    if (asked.terms.observe || asked.terms.slidingMs > 0) room.do(T0, charge([asked], 1))
    expect(quickly(room, {}, 0, T0, [asked])).toBeNull()
  })
  it.each([
    ["exhausted", 100],
    ["busy", 40],
  ] as const)("not where a refusal for `%s` is to be counted off", (reason, spent) => {
    const room = roomOf(spent)
    if (reason === "busy") room.do(T0, reserve([line], 60, T0))
    expect(room.do(T0, reserve([line], 1, T0)).outcome).toMatchObject({ reason })
    expect(quickly(room, {}, 0)).toBeNull()
  })
})

describe("a final Settle is decided at once", () => {
  const hold = { usd: 30, tokens: 3, requests: 1 }
  /** Beside so much, one reservation runs; with it comes its number. */
  const running = (spent = 10, lines: readonly Line[] = [line]) => {
    const room = roomOf(spent, lines)
    return { room, n: room.do(T0, reserve(lines, hold, T0, { expiresAtMs: T0 + 3 * HOUR })).n }
  }
  it.each([
    [{}, true],
    [{ usd: 30, tokens: 3, requests: 1 }, true],
    [{ usd: 31 }, false],
    [{ tokens: 4 }, false],
    [{ requests: 2 }, false],
  ])("within its hold: %o: %s", (more, is) => {
    const { room, n } = running()
    const actual = { usd: 0, tokens: 0, requests: 0, ...more }
    expect(settled(room, n, { actual }) !== null).toBe(is)
  })
  it.each([
    [{}, true],
    [{ usd: 4 }, false],
    [{ tokens: 1 }, false],
    [{ requests: 0 }, false],
  ])("not below what it has settled: %o: %s", (more, is) => {
    const { room, n } = running()
    const before = { usd: 5, tokens: 2, requests: 1 }
    room.do(T0, settle(n, before, 1, false))
    expect(settled(room, n, { seq: 2, actual: { ...before, ...more } }) !== null).toBe(is)
  })
  it("in its turn, and once", () => {
    const { room, n } = running()
    room.do(T0, settle(n, 0, 3, false))
    expect([3, 4].map((seq) => settled(room, n, { seq }) !== null)).toEqual([false, true])
    expect(settled(room, n, { seq: 4, final: false })).toBeNull()
    expect(settled(room, 77)).toBeNull()
  })
  it("not where its own number is marked, or its source known by marks alone", () => {
    const { room, n } = running()
    room.do(T0, release(99))
    expect(settled(room, n)).toBeNull()
    room.do(T0, { kind: "release", reservation: { source: "marked", n: 1 } })
    const marked = { source: "marked", n: 2 }
    room.ledger.sources.delete(sourceKey("marked", "*"))
    room.do(T0, reserve([line], hold, T0), marked)
    room.ledger.sources.delete(sourceKey("marked", "*"))
    room.do(T0, { kind: "release", reservation: { source: "marked", n: 1 } })
    expect(settled(room, 0, { id: { source: "marked", n: 3 }, reservation: marked })).toBeNull()
  })
  it("of its own source, which must be known while the Reserve may be unanswered", () => {
    const { room, n } = running()
    expect(settled(room, n)?.marks).toBe(true)
    expect(settled(room, n, { done: n })?.marks).toBe(false)
    expect(settled(room, n, { done: n - 1 })?.marks).toBe(true)
    room.do(T0, { kind: "expire" }, { source: "other", n: 1 })
    expect(settled(room, n, { id: { source: "other", n: 99 } })).toBeNull()
    room.do(T0, extend(n, 0, T0), { done: n })
    expect(settled(room, n)?.marks).toBe(false)
    room.ledger.sources.clear()
    expect(settled(room, n)).toBeNull()
    expect(settled(room, n, { done: n })).toMatchObject({ marks: false, fresh: true })
  })
  it("not where a switch of it is off, or its circuit has opened", () => {
    const { room } = running()
    const { n } = room.do(T0, reserve([line], hold, T0, { switches: ["k=1"] }))
    expect(settled(room, n)).not.toBeNull()
    flip(room)
    expect(settled(room, n)).toBeNull()
    const tripped = running()
    tripped.room.do(T0, { kind: "trip", account: "b/k", coolDownMs: HOUR, ...person })
    expect(settled(tripped.room, tripped.n)).toBeNull()
  })
  it("not once it has expired", () => {
    const { room } = running()
    const { n } = room.do(T0, reserve([line], 1, T0, { expiresAtMs: T0 + 5 }))
    room.do(T0 + 5, { kind: "expire" })
    expect(settled(room, n, { actual: usd(1) }, T0 + 5)).toBeNull()
  })
  it.each([
    [20, 29, true],
    [20, 30, false],
    [51, 30, true],
    [80, 5, false],
    [70, 5, true],
  ])("beside %i, %i is where no level is reached and the cap holds: %s", (spent, amount, is) => {
    const { room, n } = running(10)
    room.do(T0, charge([line], spent - 10))
    expect(settled(room, n, { actual: usd(amount) }) !== null).toBe(is)
  })
  it("counts what it has settled already towards a level once", () => {
    const { room, n } = running(20)
    room.do(T0, settle(n, 20, 1, false))
    expect(settled(room, n, { seq: 2, actual: usd(29) })).not.toBeNull()
    expect(settled(room, n, { seq: 2, actual: usd(30) })).toBeNull()
  })
  it("within its period", () => {
    const { room, n } = running()
    expect(settled(room, n, {}, T0 + HOUR - 1)).not.toBeNull()
    expect(settled(room, n, {}, T0 + HOUR)).toBeNull()
  })
  it("within the life of a session that was held in", () => {
    const room = roomOf(10, [line, life])
    const lines = [line, { ...life, account: "b/life" }]
    room.do(T0, charge(lines, 1))
    const { n } = room.do(T0, reserve(lines, 0, T0, { expiresAtMs: T0 + 3 * HOUR }))
    expect(settled(room, n, {}, T0 + HOUR / 2)).not.toBeNull()
    const own = [{ ...life, account: "b/own" }]
    const both = [{ ...life, account: "b/alive" }, ...own]
    room.do(T0, charge(both, 1))
    const two = room.do(T0, reserve(both, 0, T0, { expiresAtMs: T0 + 3 * HOUR }))
    room.do(T0 + HOUR / 2, charge(both.slice(0, 1), 1))
    const late = room.do(T0, reserve(own, 0, T0, { expiresAtMs: T0 + 3 * HOUR }))
    room.do(T0 + HOUR, charge(own, 1))
    expect(settled(room, late.n, {}, T0 + HOUR)).toBeNull()
    expect(settled(room, two.n, {}, T0 + HOUR)).toBeNull()
  })
})
