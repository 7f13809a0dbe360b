import { describe, expect, it } from "vitest"
import { handlesOf, REPLACED } from "../../src/domain/handles.ts"
import { CLOSED, NO_NOTES } from "../../src/domain/ledger.ts"
import { sourceKey } from "../../src/domain/source.ts"
import {
  type Account,
  type Change,
  emptyLedger,
  evolve,
  type Ledger,
  type Reserve,
  type Settle,
} from "../../src/domain.ts"
import {
  blockAt,
  charge,
  HOUR,
  hourLine,
  Room,
  reserve,
  settle,
  T0,
  termsOf,
} from "../attack/make.ts"

const line = hourLine(termsOf([blockAt(100)]))
const lines = [line]
const head = { id: { source: "s", n: 7 }, done: 0, division: "*" }
const used = (): Room => {
  const room = new Room()
  room.do(T0, charge(lines, 10))
  return room
}
const accountOf = (room: Room): Account => {
  const account = room.ledger.accounts.get("b/k")
  if (account === undefined) throw new Error("no account")
  return account
}
const write = (ledger: Ledger, ...changes: Change[]): void => evolve(ledger, changes)
/** Whether so many new records make the next command look for what is over. */
const owes = (changes: readonly Change[]): boolean => {
  const ledger = emptyLedger()
  evolve(ledger, changes)
  return ledger.rounds.isDue()
}

describe("an account that is written", () => {
  it("takes the place of its meters for whoever has them at hand", () => {
    const room = used()
    const [handle] = handlesOf(room.ledger, lines) ?? []
    expect(handle?.meter.settled).toBe(10)
    const account = accountOf(room)
    const [meter] = account.meters
    const more = { ...account, meters: account.meters.map((one) => ({ ...one, settled: 20 })) }
    write(room.ledger, { kind: "account", key: "b/k", value: more })
    expect(meter?.period).toBe(REPLACED)
    expect(handlesOf(room.ledger, lines)?.[0]?.meter.settled).toBe(20)
  })
  it("is kept as it was written, whatever becomes of what was given", () => {
    const ledger = emptyLedger()
    const value = { ...accountOf(used()) }
    write(ledger, { kind: "account", key: "b/k", value })
    expect(ledger.accounts.get("b/k")).toEqual(value)
    expect(ledger.accounts.get("b/k")?.meters[0]).not.toBe(value.meters[0])
  })
  it("and is removed is gone, with what time would have done to it", () => {
    const room = new Room()
    room.do(T0, { kind: "trip", account: "b/k", coolDownMs: HOUR, by: "ann", why: "law" })
    const due = () => room.ledger.timed.dueBy("*", T0 + HOUR, () => T0)
    expect(due()).toEqual(["b/k"])
    room.do(T0, charge(lines, 10))
    const [meter] = accountOf(room).meters
    write(room.ledger, { kind: "account", key: "b/k", value: null })
    expect(room.ledger.accounts.has("b/k")).toBe(false)
    expect(meter?.period).toBe(REPLACED)
    expect(due()).toEqual([])
    expect(() => write(room.ledger, { kind: "account", key: "b/k", value: null })).not.toThrow()
  })
  it("anew owes two looks for what is over, again and again none", () => {
    const value = (key: string): Account => ({ key, division: "*", circuit: CLOSED, meters: [] })
    const written = (keys: readonly string[]): readonly Change[] =>
      keys.map((key) => ({ kind: "account", key, value: value(key) }))
    const keys = [..."abcdefgh"]
    expect(owes(written(keys))).toBe(true)
    expect(owes(written(keys.slice(1)))).toBe(false)
    expect(owes(written(keys.map(() => "a")))).toBe(false)
  })
})

describe("a record that is not an account", () => {
  it("is written, and removed where it is none", () => {
    const room = used()
    const { ledger } = room
    room.do(T0, reserve(lines, 5, T0), { n: 3 })
    const id = { source: "s", n: 3 }
    expect(ledger.reservations.get(id, "*")).toBeDefined()
    write(ledger, { kind: "reservation", id, division: "*", value: null })
    expect(ledger.reservations.get(id, "*")).toBeUndefined()
    write(ledger, { kind: "switch", key: "k=1", value: { untilMs: 5 } })
    expect(ledger.switches.get("k=1")).toEqual({ untilMs: 5 })
    write(ledger, { kind: "switch", key: "k=1", value: null })
    expect(ledger.switches.has("k=1")).toBe(false)
    const key = sourceKey("s", "*")
    write(ledger, { kind: "source", key, value: null })
    expect(ledger.sources.has(key)).toBe(false)
  })
  it("an answer is kept where there is one to keep, and its source is heard of in any case", () => {
    const ledger = emptyLedger()
    const key = sourceKey("s", "*")
    const command = { ...head, kind: "expire" } as const
    const entry = { command, outcome: { kind: "released" }, ended: null } as const
    const answered = { kind: "answered", key, done: 0, atMs: T0, fresh: true } as const
    write(ledger, { ...answered, n: 1, entry: null })
    expect(ledger.sources.get(key)).toMatchObject({ isKnown: true, lastAtMs: T0 })
    expect([...(ledger.sources.get(key)?.entries ?? [])]).toEqual([])
    write(ledger, { ...answered, n: 2, fresh: false, entry })
    expect([...(ledger.sources.get(key)?.entries ?? [])]).toEqual([[2, entry]])
  })
})

describe("what is held or settled at once", () => {
  it("moves the meters of its lines, and leaves out lines that have none", () => {
    const { ledger } = used()
    const nobody = hourLine(line.terms, T0, "b/nobody")
    const command = { ...reserve([nobody, line], 5, T0), ...head } as Reserve
    const outcome = { kind: "reserved", granted: 0 } as const
    write(ledger, { kind: "reserved", command, outcome, atMs: T0, fresh: false })
    expect(ledger.accounts.get("b/k")?.meters[0]).toMatchObject({ settled: 10, held: 5 })
    expect(ledger.accounts.has("b/nobody")).toBe(false)
    expect(ledger.accounts.get("b/k")?.meters[0]?.notes).toBe(NO_NOTES)
  })
  it("is answered also where the reservation is not known", () => {
    const ledger = emptyLedger()
    const outcome = { kind: "settled", drain: false, skipped: [] } as const
    const command = { ...settle(3, 1), ...head } as Settle
    const entry = { command, outcome, ended: null }
    write(ledger, { kind: "settled", command, outcome, atMs: T0, fresh: true, marks: false })
    expect([...(ledger.sources.get(sourceKey("s", "*"))?.entries ?? [])]).toEqual([[7, entry]])
  })
})
