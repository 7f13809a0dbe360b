import fc from "fast-check"
import { expect, it } from "vitest"
import { isIdle, settledAt } from "../../src/domain/meter.ts"
import {
  apply,
  type Command,
  type Decision,
  emptyLedger,
  evolve,
  keptOf,
  type Ledger,
  ledgerOf,
  type Outcome,
} from "../../src/domain.ts"
import { HOUR, T0 } from "./make.ts"
import type { Told } from "./model/facts.ts"
import { amounts, type any, commandOf, type History, historyOf } from "./model/histories.ts"
import { textOf, throughJson } from "./model/text.ts"
import { toldEvent, toldOutcome } from "./model/told.ts"
import { Reference } from "./model.ts"

const RUNS = Number(process.env.LAW_RUNS ?? 150)
const SEED = Number(process.env.LAW_SEED ?? 42)

const sorted = (list: readonly Told[]): readonly string[] =>
  list.map((one) => JSON.stringify(one)).sort()

const amountsOf = (ledger: Ledger, atMs: number): readonly Told[] =>
  [...ledger.accounts.values()].flatMap(({ key, meters }) =>
    meters
      .filter(({ period }) => atMs < period.keptUntilMs)
      .filter((meter) => !isIdle(meter, atMs))
      .map((meter) => [key, meter.period.startMs, settledAt(meter, atMs), meter.held])
      .filter(([, , settled, held]) => settled !== 0 || held !== 0),
  )

/** Walks both; throws with the first step where they part. */
const compare = ({ pool, steps }: History): void => {
  const ledger = emptyLedger()
  const reference = new Reference()
  const sent: { command: Command; atMs: number }[] = []
  const trace: string[] = []
  const ids = new Set<string>()
  let atMs = T0 + 5 * 60_000
  let done = 0
  const rebuilt = emptyLedger()
  let twin = emptyLedger()
  for (const { any, later, back, division, done: isDone } of steps) {
    const hourOf = Math.floor(atMs / HOUR)
    atMs += back ? -120_000 : later
    // When what is idle is forgotten is nobody's meaning: time neither runs back over it, nor on beyond it.
    if (back && (pool.includes("life") || pool.includes("slide"))) atMs += 120_000
    else if (back && Math.floor(atMs / HOUR) !== hourOf) atMs += 120_000
    if (isDone && sent.length > 2) done = Math.max(done, sent.length - 2)
    let command: Command
    if (any.kind === "again") {
      const found = sent[any.of % Math.max(1, sent.length)]
      if (found === undefined) continue
      command = any.other
        ? ({
            ...found.command,
            why: "another",
            base: amounts(9),
            actual: amounts(9),
          } as unknown as Command)
        : found.command
    } else {
      command = commandOf(any, pool, sent.length + 1, done, atMs, division, reservesOf(sent))
      sent.push({ command, atMs })
    }
    const told = reference.take(command, atMs)
    const decision: Decision = apply(ledger, command, atMs)
    evolve(rebuilt, throughJson(decision.changes))
    if (sent.length % 5 === 0) twin = ledgerOf(throughJson(keptOf(twin)))
    const other = apply(twin, throughJson(command), atMs)
    trace.push(
      `${pool} ${(atMs - T0) / 1_000}s ${division} ${JSON.stringify(any)} done ${command.done} → ${JSON.stringify(toldOutcome(decision.outcome))}`,
    )
    const core = {
      outcome: toldOutcome(decision.outcome),
      events: sorted(decision.events.map(toldEvent)),
      amounts: sorted(amountsOf(ledger, atMs)),
    }
    const must = {
      outcome: told.outcome,
      events: sorted(told.events),
      amounts: sorted(reference.amounts(atMs)),
    }
    for (const { id, kind } of decision.events) {
      // Tiers of two policies may meet in one amount.
      if (kind === "tier") continue
      expect(ids, `${id} is told twice\n${trace.join("\n")}`).not.toContain(id)
      ids.add(id)
    }
    expect(toldOutcome(other.outcome), trace.join("\n")).toEqual(toldOutcome(decision.outcome))
    expect(other.events, trace.join("\n")).toEqual(decision.events)
    if ([...reference.opened()].some((account) => !ledger.accounts.has(account))) return
    if (mayBeForgotten(decision.outcome, command, sent, atMs)) return
    expect(plain(core), trace.join("\n")).toEqual(plain(must))
  }
  expect(textOf(rebuilt), trace.join("\n")).toEqual(textOf(ledger))
}

const reservesOf = (sent: readonly { command: Command }[]): readonly number[] =>
  sent.flatMap(({ command }) => (command.kind === "reserve" ? command.id.n : []))

/** An expired reservation may be forgotten once its periods are over: when is nobody's meaning. */
const mayBeForgotten = (
  outcome: Outcome,
  command: Command,
  sent: readonly { command: Command }[],
  atMs: number,
): boolean => {
  const isUnknown = outcome.kind === "error" && outcome.error === "unknown-reservation"
  if (!isUnknown && command.kind !== "charge") return false
  const id =
    "reservation" in command ? command.reservation : command.kind === "charge" ? command.ends : null
  const made = sent.find((one) => one.command.id.n === id?.n)?.command
  return (
    made?.kind === "reserve" &&
    made.lines.every(({ period, terms }) => terms.idleMs > 0 || atMs >= period.keptUntilMs)
  )
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

const KIND_SETS: Readonly<Record<string, readonly (keyof typeof any)[]>> = {
  "reserves and settles": ["reserve", "reserve", "settle"],
  "all of a call": ["reserve", "reserve", "settle", "extend", "release", "expire"],
  "charges and adjusts": ["reserve", "charge", "charge", "adjust", "settle"],
  circuits: ["reserve", "reserve", "charge", "trip", "switch", "settle"],
  "a person": ["reserve", "charge", "charge", "acknowledge", "acknowledge"],
  "sent again": [
    "reserve",
    "settle",
    "release",
    "charge",
    "again",
    "again",
    "adjust",
    "trip",
    "switch",
    "expire",
  ],
  everything: [
    "reserve",
    "reserve",
    "reserve",
    "settle",
    "settle",
    "extend",
    "release",
    "charge",
    "adjust",
    "acknowledge",
    "trip",
    "switch",
    "expire",
    "again",
  ],
}

for (const [name, kinds] of Object.entries(KIND_SETS))
  it(
    `the core does what the reference model does: ${name}`,
    () => {
      fc.assert(fc.property(historyOf(kinds), compare), {
        numRuns: RUNS,
        seed: SEED,
        endOnFailure: false,
      })
    },
    60_000 + 100 * RUNS,
  )
