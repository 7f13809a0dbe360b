// Plants what no fault may do; each must be convicted.
import { describe, expect, it } from "vitest"
import { newJournal } from "./journal.mjs"
import { judge } from "./judge.mjs"
import { ALL, HOLD_NANO } from "./policy.mjs"

const LIMIT = 10 * HOLD_NANO
const period = { startMs: 0, endMs: 1 }
const account = (key, settled, held = 0) => ({
  key,
  meters: [{ period, terms: { limit: LIMIT }, settled, held }],
})
const level = (amount) => ({
  id: `all/${amount}`,
  kind: "tier",
  account: ALL,
  periodStartMs: 0,
  level: amount,
})
const storeOf = (accounts, events) => ({
  list: async () => ({ items: accounts, next: null }),
  events: async () => ({ items: events, next: null }),
})

/** A call that ran and cost 1,000,000; one that was refused; one whose host died before it settled. */
const journalOf = () => {
  const journal = newJournal()
  for (const [host, id] of [
    ["a", "ran"],
    ["a", "refused"],
    ["b", "cut"],
  ])
    journal.of(host)({ kind: "asked", id })
  journal.of("a")({ kind: "spent", id: "ran", actual: 1_000_000 })
  journal.of("a")({ kind: "settled", id: "ran" })
  journal.of("a")({ kind: "refused", id: "refused", reason: "busy" })
  journal.of("b")({ kind: "admitted", id: "cut", withoutStore: false, startMs: 0 })
  journal.died("b")
  return journal
}

const RIGHT = [
  account(ALL, 1_000_000, HOLD_NANO),
  account("call/ran", 1_000_000),
  account("call/cut", 0, HOLD_NANO),
]
const judged = (accounts, events = [], options = {}) =>
  judge(storeOf(accounts, events), journalOf(), { capCalls: 10, ...options })

describe("what no fault may do", () => {
  it("acquits a store that counts each once, and what the dead hold", async () => {
    expect(await judged(RIGHT)).toMatchObject({ problems: [], lost: 0, tooMuchNano: HOLD_NANO })
    const expired = [account(ALL, 1_000_000 + HOLD_NANO), RIGHT[1], account("call/cut", HOLD_NANO)]
    expect((await judged(expired, [level(HOLD_NANO)])).problems).toEqual([])
  })

  it.each([
    [
      "a spend that counts twice",
      [account(ALL, 2_000_000, HOLD_NANO), account("call/ran", 2_000_000), RIGHT[2]],
      [level(HOLD_NANO)],
      /ran .* is counted as 2000000/,
    ],
    ["a spend that is lost", [account(ALL, 0, HOLD_NANO), RIGHT[2]], [], /ran .* is counted as 0/],
    [
      "a hold that outlives its refusal",
      [
        account(ALL, 1_000_000, 2 * HOLD_NANO),
        ...RIGHT.slice(1),
        account("call/refused", 0, HOLD_NANO),
      ],
      [],
      /refused .* is counted as 2000000/,
    ],
    [
      "a hold of the dead that is forgotten",
      [account(ALL, 1_000_000), RIGHT[1]],
      [],
      /cut .* as 0/,
    ],
    [
      "lines that were not counted together",
      [account(ALL, 1_000_000), ...RIGHT.slice(1)],
      [],
      /the account of all/,
    ],
    ["an event twice", RIGHT, [level(1), level(1)], /in the log twice/],
    [
      "a level that nobody was told",
      [account(ALL, 1_000_000 + HOLD_NANO), RIGHT[1], account("call/cut", HOLD_NANO)],
      [],
      /2000000 was reached, and the highest level told is 0/,
    ],
    ["a level too early", RIGHT, [level(HOLD_NANO)], /0 was reached, .* 2000000/],
  ])("convicts %s", async (_, accounts, events, problem) => {
    const { problems } = await judged(accounts, events)
    expect(problems.join("\n")).toMatch(problem)
  })

  it("convicts a cap that was passed", async () => {
    const { problems } = await judged(RIGHT, [], { capCalls: 1 })
    expect(problems).toEqual(["3000000 is counted under a cap of 2000000"])
  })

  it("counts a lost spend as lost where the server promises less", async () => {
    const lost = await judged([account(ALL, 0, HOLD_NANO), RIGHT[2]], [], {
      mayLose: ({ id }) => id === "ran",
    })
    expect(lost).toMatchObject({ problems: [], lost: 1, lostNano: 1_000_000 })
    const never = await judged([account(ALL, 0, HOLD_NANO), RIGHT[2]], [], { mayLose: () => false })
    expect(never.problems).toEqual(["ran (settled, 1000000) is counted as 0"])
  })
})
