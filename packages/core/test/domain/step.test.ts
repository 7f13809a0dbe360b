import { describe, expect, it } from "vitest"
import { type Command, decide, decideInFull, emptyLedger, step } from "../../src/domain.ts"
import { blockAt, charge, hourLine, Room, reserve, settle, T0, termsOf } from "../attack/make.ts"

const lines = [hourLine(termsOf([blockAt(100)]))]
const expire = { kind: "expire" } as const
const head = { id: { source: "s", n: 9 }, done: 0, division: "*" }

describe("a command", () => {
  it.each([
    ["that cannot be meant", { kind: "mint" }, {}, { kind: "error", error: "invalid-command" }],
    ["that comes too late", settle(7, 1), {}, { kind: "error", error: "unknown-reservation" }],
    ["that came before", charge(lines, 1), { n: 1 }, { kind: "charged", replayed: true }],
    ["that is answered", expire, { n: 3, done: 2 }, { kind: "expired" }],
  ])("%s changes nothing but what it says", (_, command, own, outcome) => {
    const room = new Room()
    room.do(T0, charge(lines, 1), { n: 1 })
    const decision = room.do(T0, command as Command, own)
    expect(decision.outcome).toMatchObject(outcome)
    expect(decision.events).toEqual([])
    expect(decision.changes.map(({ kind }) => kind)).toEqual(
      outcome.kind === "expired" ? ["answered"] : [],
    )
  })

  it("of the common case is written as one movement, and told to nobody", () => {
    const room = new Room()
    room.do(T0, reserve(lines, 1, T0), { n: 1 })
    const again = { ...head, ...reserve(lines, 1, T0) } as Command
    const reserved = decide(room.ledger, again, T0)
    const done = [reserve(lines, 1, T0), settle(2, 1)].map((command, at) =>
      room.do(T0, command, { n: 2 + at }),
    )
    const kinds = [reserved, ...done].map(({ changes }) => changes.map(({ kind }) => kind))
    expect(kinds).toEqual([["reserved"], ["reserved"], ["settled"]])
    // One empty list serves all: nothing is made for what is not said.
    expect(reserved.events).toEqual([])
    for (const { events } of done) expect(events).toBe(reserved.events)
  })
})

describe("what is decided", () => {
  const command: Command = { ...head, ...expire }

  it("without a sweep ends no reservation", () => {
    const room = new Room()
    room.do(T0, reserve(lines, 1, T0, { expiresAtMs: T0 + 1 }))
    const outcome = { kind: "expired", reservations: [] }
    expect(decide(room.ledger, command, T0 + 1).outcome).toEqual(outcome)
    expect(decideInFull(room.ledger, command, T0 + 1).outcome).toEqual(outcome)
  })

  it("by a step leaves the ledger as it was, and gives the one after it", () => {
    const before = emptyLedger()
    const { ledger, outcome } = step(before, { ...head, ...charge(lines, 7) } as Command, T0)
    expect(outcome.kind).toBe("charged")
    expect([before.accounts.size, ledger.accounts.get("b/k")?.meters[0]?.settled]).toEqual([0, 7])
  })
})
