import fc from "fast-check"
import type { Command } from "../../src/domain.ts"
import { fromJson, toJson } from "../../src/wire/json.ts"
import { check, must } from "./check.ts"
import {
  type Any,
  type At,
  BLOCK,
  commandOf,
  historyOf,
  LATCH,
  PERIOD_MS,
  usd,
  walk,
} from "./histories.ts"
import { anyTerms, calls, everything, plain, restored } from "./mixes.ts"
import type { Law } from "./prove.ts"

/** A level that is reached in a period that is over, while the account is in use: its end is to be told. */
const late = fc.constantFrom(2, 3, 4).map((actual): readonly At[] => {
  const reserve: Any = { kind: "reserve", accounts: ["a"], base: 1, most: 0, per: 1, life: 50 }
  return [
    { any: reserve, atMs: PERIOD_MS - 1 },
    { any: reserve, atMs: PERIOD_MS },
    { any: { kind: "settle", of: 1, actual, final: true, seq: 1 }, atMs: PERIOD_MS + 1 },
    { any: reserve, atMs: PERIOD_MS + 1 },
  ]
})

const anyHistory = fc.oneof(
  { weight: 9, arbitrary: historyOf(...everything) },
  { weight: 1, arbitrary: late },
)

/** What is remembered, written and forgotten. */
export const memoryLaws: readonly Law[] = [
  {
    id: "I5",
    name: "once: a command sent again changes nothing, and no level is told twice",
    holds: (core) =>
      check(fc.tuple(historyOf(...everything), anyTerms), ([history, terms]) => {
        const told = new Set<string>()
        for (const { command, after, decision, atMs } of walk(core, history, terms)) {
          for (const event of decision.events) {
            must(!told.has(event.id), `\`${event.id}\` is told twice`)
            if (event.kind !== "circuit") told.add(event.id)
          }
          if (decision.outcome.kind === "refused" || decision.outcome.kind === "error") continue
          const again = core.step(after, command, atMs)
          must(again.outcome.replayed === true, "it is not a replay")
          must(
            again.events.length === 0 && plain(again.ledger) === plain(after),
            "a replay changed something",
          )
          const other = core.step(
            after,
            {
              ...command,
              by: "bob",
              actual: usd(99),
              base: usd(99),
              lines: [],
            } as unknown as Command,
            atMs,
          )
          if (["reserve", "settle", "adjust"].includes(command.kind))
            must(other.outcome.kind === "error", "another command under the same number was done")
        }
      }),
  },
  {
    id: "I11",
    name: "round trip: through JSON, or rebuilt from its changes, a ledger behaves the same",
    holds: (core) =>
      check(fc.tuple(historyOf(...everything), anyTerms), ([history, terms]) => {
        const kept = core.emptyLedger()
        let through = core.emptyLedger()
        const rebuilt = core.emptyLedger()
        const written: (readonly [unknown, string])[] = []
        for (const [at, asked] of history.entries()) {
          const command = commandOf(asked, at + 1, terms)
          const one = core.apply(kept, command, asked.atMs)
          through = restored(core, through)
          const other = core.apply(through, command, asked.atMs)
          must(
            toJson([one.outcome, one.events]) === toJson([other.outcome, other.events]),
            "it answers otherwise",
          )
          const text = toJson(one.changes)
          written.push([one.changes, text])
          const read = fromJson(text)
          if (read.ok) core.evolve(rebuilt, read.value as typeof one.changes)
        }
        must(
          written.every(([changes, text]) => toJson(changes) === text),
          "what was written down changed afterwards",
        )
        must(plain(kept) === plain(rebuilt), "its changes do not rebuild it")
      }),
  },
  {
    id: "I14",
    name: "bounded: what is over is forgotten, a latch is not",
    holds: (core) =>
      check(fc.tuple(historyOf(...calls), fc.constantFrom(BLOCK, LATCH)), ([history, terms]) => {
        const ledger = core.emptyLedger()
        for (const [at, asked] of history.entries())
          core.apply(ledger, commandOf(asked, at + 1, terms), asked.atMs)
        const latched = [...ledger.accounts.values()].filter(
          ({ circuit }) => circuit.state === "latched",
        )
        for (const { key } of latched)
          core.apply(
            ledger,
            commandOf({ any: { kind: "expire" }, atMs: 100 }, 800 + key.length, terms),
            100,
          )
        for (let n = 1; n <= 200; n += 1)
          core.apply(
            ledger,
            { kind: "expire", id: { source: "later", n }, done: n - 1, division: "*" },
            3_000_000_000,
          )
        const left = [...ledger.accounts.values()].filter(
          ({ circuit }) => circuit.state !== "latched",
        )
        must(left.length === 0, `${left.length} accounts are kept`)
        must(ledger.accounts.size >= latched.length, "a latch was forgotten")
        must(ledger.reservations.size === 0 || latched.length > 0, "ended reservations are kept")
        must(ledger.sources.size <= 1, "silent sources are kept")
        must(
          [...ledger.sources.values()].every(({ entries }) => entries.size <= 1),
          "answers are kept",
        )
      }),
  },
  {
    id: "Q1",
    name: "the common case answers and writes what the full rules do",
    holds: (core) =>
      check(fc.tuple(anyHistory, anyTerms), ([history, terms]) => {
        for (const { command, before, atMs, decision } of walk(core, history, terms)) {
          if (decision.outcome.kind === "error") continue
          const quick = core.copyOf(before)
          const full = core.copyOf(before)
          const one = core.decide(quick, command, atMs)
          const other = core.decideInFull(full, command, atMs)
          core.evolve(quick, one.changes)
          core.evolve(full, other.changes)
          must(
            toJson([one.outcome, one.events]) === toJson([other.outcome, other.events]),
            "it answers otherwise",
          )
          must(plain(quick) === plain(full), "it writes otherwise")
        }
      }),
  },
]
