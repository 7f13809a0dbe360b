import { describe, expect, it } from "vitest"
import { Rounds } from "../../src/domain/rounds.ts"

/** At which of so many commands a turn was due. */
const duesIn = (rounds: Rounds, commands: number): readonly number[] =>
  Array.from({ length: commands }, (_, at) => at + 1).filter(() => rounds.isDue())

describe("rounds of forgetting", () => {
  it("come once in 64 commands where nothing is new", () => {
    expect(duesIn(new Rounds(), 200)).toEqual([64, 128, 192])
  })

  it("come as soon as eight records are new, until a turn is taken", () => {
    const rounds = new Rounds()
    for (let i = 0; i < 7; i += 1) rounds.owe()
    expect(rounds.isDue()).toBe(false)
    rounds.owe()
    expect(duesIn(rounds, 3)).toEqual([1, 2, 3])
    rounds.takeLooks()
    expect(rounds.isDue()).toBe(false)
  })

  it("look at two records for each new one, and at 16 at least", () => {
    const rounds = new Rounds()
    expect(rounds.takeLooks()).toBe(16)
    for (let i = 0; i < 20; i += 1) rounds.owe()
    expect(rounds.takeLooks()).toBe(40)
    expect(rounds.takeLooks()).toBe(16)
  })

  it("go through the records of each kind to the end, and then from the start", () => {
    const rounds = new Rounds()
    const next = (kind: "accounts" | "sources", ...all: readonly string[]): string | undefined =>
      rounds.next(kind, () => all.values())
    const seen = [1, 2, 3, 4].map(() => next("accounts", "a", "b"))
    expect(next("sources", "s")).toBe("s")
    expect(seen).toEqual(["a", "b", undefined, "a"])
    expect(next("accounts")).toBe("b")
  })
})
