import fc from "fast-check"
import { expect, it } from "vitest"
import {
  type Account,
  apply,
  type Command,
  emptyLedger,
  type Ledger,
  type Line,
  step,
  viewOf,
} from "../../src/domain.ts"
import { HOUR, T0 } from "./make.ts"
import { amounts, any, commandOf, type History, historyOf, linesOf } from "./model/histories.ts"

const RUNS = Number(process.env.LAW_RUNS ?? 150)
const SEED = Number(process.env.LAW_SEED ?? 42)

/** Applies a history; `look` sees the ledger before each command. */
const walk = (
  { pool, steps }: History,
  look: (ledger: Ledger, command: Command, atMs: number) => void,
): void => {
  const ledger = emptyLedger()
  let atMs = T0 + 5 * 60_000
  for (const [at, { any: one, later }] of steps.entries()) {
    atMs += later
    if (one.kind === "again") continue
    const command = commandOf(one, pool, at + 1, 0, atMs)
    look(ledger, command, atMs)
    apply(ledger, command, atMs)
  }
}

const kinds = Object.keys(any) as (keyof typeof any)[]
const holds = (law: (history: History) => void): void => {
  fc.assert(fc.property(historyOf(kinds), law), { numRuns: RUNS, seed: SEED, endOnFailure: false })
}

/** A Reserve of one line that asks for so much. */
const asking = (line: Line, amount: number, atMs: number): Command => ({
  kind: "reserve",
  id: { source: "other", n: 1 },
  done: 0,
  division: "*",
  issuedAtMs: atMs,
  lines: [line],
  switches: [],
  base: line.terms.unit === "usd" ? amounts(amount) : amounts(0, amount),
  perUnit: amounts(0),
  units: { least: 0, most: 0 },
  expiresAtMs: atMs + HOUR,
  via: "later",
  swallowed: 0,
})

it("what a view says remains is what a Reserve is given, and not one more", () => {
  holds((history) => {
    walk(history, (ledger, _, atMs) => {
      // Overdue holds still show as held: such a view is not asked.
      for (const { state, expiresAtMs } of ledger.reservations.values())
        if (state === "running" && expiresAtMs <= atMs) return
      for (const name of history.pool) {
        const [line] = linesOf([name], 0, atMs)
        if (line === undefined || line.terms.observe) continue
        const account: Account | null = ledger.accounts.get(line.account) ?? null
        const view = viewOf(account, line, atMs)
        const ask = (amount: number): string =>
          step(ledger, asking(line, amount, atMs), atMs).outcome.kind
        if (view.circuit === "open" || view.circuit === "latched") expect(ask(0)).toBe("refused")
        else if (view.remaining === Number.POSITIVE_INFINITY)
          expect(ask(1_000_000)).toBe("reserved")
        else {
          if (view.remaining > 0) expect(ask(view.remaining)).toBe("reserved")
          expect(ask(view.remaining + 1)).toBe("refused")
        }
      }
    })
  })
})
