import fc from "fast-check"
import {
  type Command,
  type KeptLedger,
  keptOf,
  type Ledger,
  type Line,
  REFUSAL_REASONS,
} from "../../src/domain.ts"
import { fromJson, toJson } from "../../src/wire/json.ts"
import {
  type At,
  amountsIn,
  anyAcknowledge,
  anyAdjust,
  anyCharge,
  anyExpire,
  anyExtend,
  anyRelease,
  anyReserve,
  anySettle,
  anySwitch,
  anyTrip,
  BLOCK,
  CAP,
  check,
  commandOf,
  historyOf,
  LATCH,
  lineOf,
  metersOf,
  must,
  PERIOD_MS,
  PROBED,
  TRIP,
  termsOf,
  usd,
  walk,
} from "./histories.ts"
import { Model } from "./model.ts"
import type { Core, Law } from "./prove.ts"

const calls = [anyReserve, anyReserve, anySettle, anyRelease, anyExtend, anyExpire]
const everything = [...calls, anyCharge, anyAdjust, anyAcknowledge, anyTrip, anySwitch]
const anyTerms = fc.constantFrom(BLOCK, LATCH, TRIP, PROBED)

/** The plain parts of a ledger as text, order of keys and idle meters left out. */
const plain = (ledger: Ledger): string =>
  JSON.stringify(
    Object.values(keptOf(ledger)).map(
      (part: ReadonlyMap<string, unknown> | readonly unknown[] | number) =>
        typeof part === "number" ? part : [...part].map((item) => toJson(item)).sort(),
    ),
  )

/** The same command under the same number, in another division and of another budget. */
const elsewhere = (command: Command): Command => {
  const moved = (line: Line): Line => ({
    ...line,
    account: line.account.replace("b/", "c/"),
    division: "org",
  })
  const of = { division: "org" } as const
  switch (command.kind) {
    case "reserve":
    case "charge":
      return { ...command, ...of, lines: command.lines.map(moved), switches: [] } as Command
    case "adjust":
      return { ...command, ...of, line: moved(command.line) }
    case "acknowledge":
    case "trip":
      return {
        ...command,
        ...of,
        account: command.account.replace("b/", "c/"),
        ...("line" in command && command.line !== null && { line: moved(command.line) }),
      } as Command
    case "switch":
      return { ...command, ...of, switch: "apiKey=other" }
    default:
      return { ...command, ...of }
  }
}

const restored = (core: Core, ledger: Ledger): Ledger => {
  const read = fromJson(toJson(core.keptOf(ledger)))
  if (!read.ok) throw new Error(read.reason)
  return core.ledgerOf(read.value as KeptLedger)
}

export const laws: readonly Law[] = [
  {
    id: "I1",
    name: "cap: what is admitted keeps settled + held at or below the cap",
    holds: (core) =>
      check(historyOf(...calls), (history) => {
        const model = new Model()
        for (const [at, step] of walk(core, history, BLOCK).entries()) {
          const asked = history[at] as At
          model.take(asked, at + 1, step)
          const { kind } = step.decision.outcome
          if (kind !== "reserved" || asked.any.kind !== "reserve") continue
          const startMs = Math.floor(asked.atMs / PERIOD_MS) * PERIOD_MS
          for (const name of asked.any.accounts) {
            const used = model.settled(`b/${name}`, startMs) + model.held(`b/${name}`, startMs)
            const cost =
              asked.any.base +
              asked.any.per * (step.decision.outcome as { granted: number }).granted
            must(used <= CAP || cost === 0, `${name} holds ${used} of ${CAP}`)
          }
        }
      }),
  },
  {
    id: "I2",
    name: "conservation: settled and held are what was asked, nothing is negative",
    holds: (core) =>
      check(historyOf(...everything), (history) => {
        const model = new Model()
        for (const [at, step] of walk(core, history, BLOCK).entries()) {
          model.take(history[at] as At, at + 1, step)
          const found = model.differences(step.after, step.atMs)
          must(found.length === 0, found.join("; "))
        }
      }),
  },
  {
    id: "D1",
    name: "divisions: what happens in one is as if there were no other",
    holds: (core) =>
      check(historyOf(...everything), (history) => {
        const [alone, both] = [core.emptyLedger(), core.emptyLedger()]
        for (const [at, asked] of history.entries()) {
          const command = commandOf(asked, at + 1, BLOCK)
          core.apply(both, elsewhere(command), asked.atMs)
          const one = core.apply(alone, command, asked.atMs)
          const other = core.apply(both, command, asked.atMs)
          must(toJson(one.outcome) === toJson(other.outcome), "it answers otherwise")
        }
        const own = amountsIn(both).filter((amounts) => String(amounts).startsWith("b/"))
        must(JSON.stringify(own) === JSON.stringify(amountsIn(alone)), "an amount moved")
      }),
  },
  {
    id: "I3",
    name: "all or nothing: what is refused, or is an error, changes no amount",
    holds: (core) =>
      check(fc.tuple(historyOf(...everything), anyTerms), ([history, terms]) => {
        const lasting = history.map((at) =>
          at.any.kind === "reserve" ? { ...at, any: { ...at.any, life: 50 as const } } : at,
        )
        for (const { before, after, decision } of walk(core, lasting, terms))
          if (decision.outcome.kind === "refused" || decision.outcome.kind === "error")
            must(
              JSON.stringify(amountsIn(before)) === JSON.stringify(amountsIn(after)),
              `a ${decision.outcome.kind} command changed an amount`,
            )
      }),
  },
  {
    id: "I4",
    name: "no false refusal: what fits is admitted, with the largest grant",
    holds: (core) =>
      check(historyOf(...calls), (history) => {
        const model = new Model()
        for (const [at, step] of walk(core, history, BLOCK).entries()) {
          const asked = history[at] as At
          model.take(asked, at + 1, step)
          const { any } = asked
          const { outcome } = step.decision
          if (any.kind !== "reserve") continue
          const startMs = Math.floor(asked.atMs / PERIOD_MS) * PERIOD_MS
          const granted = outcome.kind === "reserved" ? outcome.granted : 0
          const hold = outcome.kind === "reserved" ? any.base + granted * any.per : 0
          const roomFor = (cost: number): boolean =>
            any.accounts.every((name) => {
              const others =
                model.settled(`b/${name}`, startMs) + model.held(`b/${name}`, startMs) - hold
              return cost === 0 || others + cost <= CAP
            })
          if (outcome.kind === "refused") must(!roomFor(any.base), "it would have fit")
          if (outcome.kind === "reserved" && granted < any.most)
            must(!roomFor(any.base + (granted + 1) * any.per), "the grant could have been larger")
        }
      }),
  },
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
    id: "I6",
    name: "latched means latched, open means open, and probation keeps to its allowance",
    holds: (core) => {
      check(historyOf(anyReserve, anyReserve, anySettle, anyCharge, anyExtend), (history) => {
        for (const terms of [LATCH, TRIP]) {
          const model = new Model()
          const closedUntil = new Map<string, number>()
          for (const [at, step] of walk(core, history, terms).entries()) {
            const asked = history[at] as At
            const { any, atMs } = asked
            const outcome = step.decision.outcome.kind
            if (
              any.kind === "reserve" &&
              any.accounts.some((name) => atMs < (closedUntil.get(name) ?? 0))
            )
              must(outcome === "refused", "it was admitted while the circuit is open or latched")
            const before = new Map(closedUntil)
            model.take(asked, at + 1, step)
            for (const name of ["a", "__proto__", "c"])
              for (const startMs of [0, 10, 20, 30, 40]) {
                const isOver =
                  terms === TRIP ? atMs >= startMs + PERIOD_MS : atMs >= startMs + 2 * PERIOD_MS
                if (isOver || model.settled(`b/${name}`, startMs) < CAP || before.has(name))
                  continue
                closedUntil.set(name, terms === LATCH ? Number.POSITIVE_INFINITY : atMs + 3)
              }
          }
        }
      })
      probation(core)
    },
  },
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
    id: "I9",
    name: "more spend never admits more",
    holds: (core) =>
      check(
        fc.tuple(
          fc.integer({ min: 0, max: 9 }),
          fc.integer({ min: 0, max: 4 }),
          anyReserve,
          anyTerms,
        ),
        ([spent, more, any, terms]) => {
          const granted = (amount: number): number => {
            const ledger = core.emptyLedger()
            core.apply(
              ledger,
              commandOf({ any: { kind: "charge", accounts: ["a"], amount }, atMs: 0 }, 1, terms),
              0,
            )
            const { outcome } = core.apply(
              ledger,
              commandOf({ any: { ...any, accounts: ["a"] }, atMs: 1 }, 2, terms),
              1,
            )
            return outcome.kind === "reserved" ? outcome.granted : -1
          }
          must(granted(spent + more) <= granted(spent), "more was admitted after more was spent")
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
              [...ledger.accounts.values()].map(({ key, circuit }) => [key, circuit]).sort(),
            )
          const now = core.step(
            last.after,
            { kind: "expire", id: { source: "s", n: 899 }, done: 0, division: "*" },
            last.atMs,
          )
          const earlier = core.step(
            now.ledger,
            { kind: "expire", id: { source: "s", n: 900 }, done: 0, division: "*" },
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
  {
    id: "I11",
    name: "round trip: through JSON, or rebuilt from its changes, a ledger behaves the same",
    holds: (core) =>
      check(fc.tuple(historyOf(...everything), anyTerms), ([history, terms]) => {
        const kept = core.emptyLedger()
        let through = core.emptyLedger()
        const rebuilt = core.emptyLedger()
        for (const [at, asked] of history.entries()) {
          const command = commandOf(asked, at + 1, terms)
          const one = core.apply(kept, command, asked.atMs)
          through = restored(core, through)
          const other = core.apply(through, command, asked.atMs)
          must(
            toJson([one.outcome, one.events]) === toJson([other.outcome, other.events]),
            "it answers otherwise",
          )
          const written = fromJson(toJson(one.changes))
          if (written.ok) core.evolve(rebuilt, written.value as typeof one.changes)
        }
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
            200_000_000,
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
    id: "R1",
    name: "rank: the first reason in the published order wins, and every obstacle is named",
    holds: (core) =>
      check(
        fc.record({
          off: fc.boolean(),
          lines: fc.array(
            fc.record({
              spent: fc.integer({ min: 0, max: 6 }),
              held: fc.integer({ min: 0, max: 6 }),
              latched: fc.boolean(),
            }),
            { minLength: 1, maxLength: 3 },
          ),
          cost: fc.integer({ min: 1, max: 8 }),
        }),
        ({ off, lines, cost }) => {
          const ledger = core.emptyLedger()
          const asked: Line[] = []
          const expected: string[] = off ? ["switched-off"] : []
          let n = 0
          const head = () => {
            n += 1
            return { id: { source: "r", n }, done: 0, division: "*" }
          }
          for (const [at, { spent, held, latched }] of lines.entries()) {
            const terms = termsOf({ kind: latched ? "latch" : "block" }, `r${at}`)
            const line = lineOf("x", 0, terms)
            const hold = Math.min(held, CAP - spent)
            asked.push(line)
            core.apply(
              ledger,
              {
                ...head(),
                kind: "reserve",
                issuedAtMs: 0,
                lines: [line],
                switches: [],
                base: usd(hold),
                perUnit: usd(0),
                units: { least: 0, most: 0 },
                expiresAtMs: 50,
                via: null,
                swallowed: 0,
              },
              0,
            )
            core.apply(
              ledger,
              { ...head(), kind: "charge", lines: [line], amounts: usd(spent), ends: null },
              0,
            )
            if (latched && spent >= CAP) expected.push("latched")
            else if (cost > CAP) expected.push("too-large")
            else if (spent + cost > CAP) expected.push("exhausted")
            else if (spent + hold + cost > CAP) expected.push("busy")
          }
          if (off)
            core.apply(
              ledger,
              {
                ...head(),
                kind: "switch",
                switch: "k=1",
                state: "off",
                untilMs: null,
                by: "a",
                why: "b",
              },
              0,
            )
          const { outcome } = core.apply(
            ledger,
            {
              ...head(),
              kind: "reserve",
              issuedAtMs: 1,
              lines: asked,
              switches: ["k=1"],
              base: usd(cost),
              perUnit: usd(0),
              units: { least: 0, most: 0 },
              expiresAtMs: 50,
              via: null,
              swallowed: 0,
            },
            1,
          )
          const first = REFUSAL_REASONS.find((reason) => expected.includes(reason))
          must(
            (outcome.kind === "refused" ? outcome.reason : undefined) === first,
            `the reason is not ${first}`,
          )
          const named =
            outcome.kind === "refused" ? outcome.obstacles.map(({ reason }) => reason) : []
          must(
            JSON.stringify(named) === JSON.stringify(expected),
            `not every obstacle is named: ${named} for ${expected}`,
          )
        },
      ),
  },
  {
    id: "Q1",
    name: "the common case answers and writes what the full rules do",
    holds: (core) =>
      check(fc.tuple(historyOf(...everything), anyTerms), ([history, terms]) => {
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

const probation = (core: Core): void =>
  check(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 6 }), (costs) => {
    const ledger = core.emptyLedger()
    core.apply(
      ledger,
      commandOf({ any: { kind: "charge", accounts: ["a"], amount: CAP }, atMs: 8 }, 1, PROBED),
      8,
    )
    let held = 0
    for (const [at, base] of costs.entries()) {
      const any = {
        kind: "reserve" as const,
        accounts: ["a"],
        base,
        most: 0,
        per: 1 as const,
        life: 50 as const,
      }
      const { outcome } = core.apply(ledger, commandOf({ any, atMs: 12 }, at + 2, PROBED), 12)
      const fits = base === 0 || held + base <= 2
      must((outcome.kind === "reserved") === fits, "probation does not keep to its allowance")
      if (outcome.kind === "reserved") held += base
    }
  })
