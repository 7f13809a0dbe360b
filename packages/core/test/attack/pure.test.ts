import fc from "fast-check"
import { expect, it } from "vitest"
import {
  apply,
  type Change,
  type Command,
  decide,
  emptyLedger,
  type Ledger,
  step,
} from "../../src/domain.ts"
import { toJson } from "../../src/wire/json.ts"
import { T0 } from "./make.ts"
import { any, commandOf, type History, historyOf } from "./model/histories.ts"
import { textOf } from "./model/text.ts"

const RUNS = Number(process.env.LAW_RUNS ?? 150)
const SEED = Number(process.env.LAW_SEED ?? 42)

/** Applies a history; `look` sees the ledger before each command. */
const walk = (
  { pool, steps }: History,
  look: (ledger: Ledger, command: Command, atMs: number) => void,
): readonly { readonly changes: readonly Change[]; readonly text: string }[] => {
  const ledger = emptyLedger()
  const made: { changes: readonly Change[]; text: string }[] = []
  let atMs = T0 + 5 * 60_000
  for (const { any: one, later } of steps) {
    atMs += later
    if (one.kind === "again") continue
    const command = commandOf(one, pool, made.length + 1, 0, atMs)
    look(ledger, command, atMs)
    const { changes } = apply(ledger, command, atMs)
    made.push({ changes, text: toJson(changes) })
  }
  return made
}

const kinds = Object.keys(any) as (keyof typeof any)[]
const holds = (law: (history: History) => void): void => {
  fc.assert(fc.property(historyOf(kinds), law), { numRuns: RUNS, seed: SEED, endOnFailure: false })
}

it("decide and step leave the ledger as it was, and step does what apply does", () => {
  holds((history) => {
    walk(history, (ledger, command, atMs) => {
      const before = textOf(ledger)
      decide(ledger, command, atMs)
      const one = step(ledger, command, atMs)
      const other = step(ledger, command, atMs)
      expect(textOf(ledger)).toEqual(before)
      expect(toJson([one.outcome, one.events])).toBe(toJson([other.outcome, other.events]))
    })
  })
})

it("what a decision wrote stays as it was written, whatever comes after it", () => {
  holds((history) => {
    for (const { changes, text } of walk(history, () => {})) expect(toJson(changes)).toBe(text)
  })
})
