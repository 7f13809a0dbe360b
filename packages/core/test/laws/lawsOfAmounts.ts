import fc from "fast-check"
import type { Command, Line } from "../../src/domain.ts"
import { toJson } from "../../src/wire/json.ts"
import { check, must } from "./check.ts"
import {
  type At,
  amountsIn,
  BLOCK,
  CAP,
  commandOf,
  historyOf,
  PERIOD_MS,
  walk,
} from "./histories.ts"
import { anyTerms, calls, everything } from "./mixes.ts"
import { Model } from "./model.ts"
import type { Law } from "./prove.ts"

/** What is settled and held. */
export const amountLaws: readonly Law[] = [
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
]

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
