import fc from "fast-check"
import type { Ledger } from "../../src/domain.ts"
import { check, must } from "./check.ts"
import {
  amountsIn,
  anyCharge,
  anyReserve,
  anySettle,
  BLOCK,
  commandOf,
  historyOf,
  metersOf,
  PERIOD_MS,
  walk,
} from "./histories.ts"
import { anyTerms, everything } from "./mixes.ts"
import type { Law } from "./prove.ts"

/** Periods, order, clocks. */
export const timeLaws: readonly Law[] = [
  {
    id: "I7",
    name: "periods do not leak: a command touches only its own",
    holds: (core) =>
      check(historyOf(anyReserve, anyReserve, anyCharge, anySettle), (history) => {
        const lasting = history.map((at) =>
          at.any.kind === "reserve" ? { ...at, any: { ...at.any, life: 50 as const } } : at,
        )
        for (const { command, before, after, atMs } of walk(core, lasting, BLOCK)) {
          const startMs = Math.floor(atMs / PERIOD_MS) * PERIOD_MS
          const own = (ledger: Ledger): string =>
            JSON.stringify(
              metersOf(ledger)
                .filter(({ period }) => period.startMs !== startMs && period.keptUntilMs > atMs)
                .map(({ account, period, settled, held, notes: { marks } }) => [
                  account,
                  period.startMs,
                  settled,
                  held,
                  marks,
                ])
                .sort(),
            )
          if (command.kind !== "settle")
            must(own(before) === own(after), "another period was touched")
          if (command.kind === "reserve")
            for (const line of command.lines)
              for (const meter of metersOf(after).filter(({ account }) => account === line.account))
                must(meter.period.startMs % PERIOD_MS === 0, "a period of nobody's")
        }
      }),
  },
  {
    id: "I8",
    name: "order does not matter: settles and charges in any order give the same sums and levels",
    holds: (core) =>
      check(
        fc.tuple(
          fc.array(
            fc.record({
              hold: fc.integer({ min: 0, max: 3 }),
              actual: fc.integer({ min: 0, max: 5 }),
            }),
            { minLength: 2, maxLength: 4 },
          ),
          fc.infiniteStream(fc.nat()),
        ),
        ([items, picks]) => {
          const run = (order: readonly number[]): string => {
            const ledger = core.emptyLedger()
            for (const [at, { hold }] of items.entries())
              core.apply(
                ledger,
                commandOf(
                  {
                    any: {
                      kind: "reserve",
                      accounts: ["a"],
                      base: Math.min(hold, 1),
                      most: 0,
                      per: 1,
                      life: 50,
                    },
                    atMs: 0,
                  },
                  at + 1,
                  BLOCK,
                ),
                0,
              )
            for (const [n, at] of order.entries())
              core.apply(
                ledger,
                commandOf(
                  {
                    any: {
                      kind: "settle",
                      of: at + 1,
                      actual: items[at]?.actual ?? 0,
                      final: true,
                      seq: 1,
                    },
                    atMs: 1,
                  },
                  50 + n,
                  BLOCK,
                ),
                1,
              )
            return JSON.stringify(
              metersOf(ledger).map(({ settled, held, notes: { marks } }) => [
                settled,
                held,
                [...marks].sort((one, other) => one.at - other.at),
              ]),
            )
          }
          const plainOrder = items.map((_, at) => at)
          const keys = plainOrder.map(() => picks.next().value ?? 0)
          const other = [...plainOrder].sort((one, two) => (keys[one] ?? 0) - (keys[two] ?? 0))
          must(
            run(plainOrder) === run(other) && run(plainOrder) === run([...plainOrder].reverse()),
            "the order shows",
          )
        },
      ),
  },
  {
    id: "I10",
    name: "time: an earlier clock opens, closes and resets nothing",
    holds: (core) =>
      check(
        fc.tuple(historyOf(...everything), anyTerms, fc.integer({ min: 1, max: 9 })),
        ([history, terms, back]) => {
          const last = walk(core, history, terms).at(-1)
          if (last === undefined) return
          const circuits = (ledger: Ledger): string =>
            JSON.stringify(
              [...ledger.accounts.values()]
                .filter(({ circuit }) => circuit.generation > 0)
                .map(({ key, circuit }) => [key, circuit])
                .sort(),
            )
          const now = core.step(
            last.after,
            { kind: "expire", id: { source: "s", n: 899 }, done: 0, division: "*" },
            last.atMs,
          )
          // Nothing more is spent, and every account is looked at.
          const look = { kind: "charge" as const, accounts: ["a", "__proto__", "c"], amount: 0 }
          const earlier = core.step(
            now.ledger,
            commandOf({ any: look, atMs: last.atMs - back }, 900, terms),
            last.atMs - back,
          )
          must(circuits(earlier.ledger) === circuits(now.ledger), "a circuit moved")
          must(
            JSON.stringify(amountsIn(earlier.ledger)) === JSON.stringify(amountsIn(now.ledger)),
            "an amount changed",
          )
        },
      ),
  },
]
