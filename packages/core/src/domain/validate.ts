import { type Command, LINES_MAX, type Line, RESERVATION_MAX_MS, type Units } from "./command.ts"
import { isAmount } from "./money.ts"
import type { Amounts } from "./terms.ts"
import type { EpochMs } from "./time.ts"

/** What is wrong with a command, with the field and the value; null where nothing is. */
export const problemOf = (command: Command, nowMs: EpochMs): string | null => {
  if (command.id.source === "") return "`id.source` is empty"
  if (!isAmount(command.id.n) || command.id.n === 0) return "`id.n` is not an integer above 0"
  if (!isAmount(command.done) || command.done >= command.id.n) return "`done` is not below `id.n`"
  switch (command.kind) {
    case "reserve":
    case "extend":
      return (
        (command.kind === "reserve" ? lineProblem(command.lines) : null) ??
        amountsProblem("base", command.base) ??
        amountsProblem("perUnit", command.perUnit) ??
        unitsProblem(command.units) ??
        expiryProblem(command.expiresAtMs, nowMs)
      )
    case "settle":
      if (!isAmount(command.seq) || command.seq === 0) return "`seq` is not an integer above 0"
      return amountsProblem("actual", command.actual)
    case "charge":
      return lineProblem(command.lines) ?? amountsProblem("amounts", command.amounts)
    case "adjust":
      if (!Number.isSafeInteger(command.amount)) return "`amount` is not a safe integer"
      return personProblem(command)
    case "acknowledge":
      if (!isAmount(command.upTo)) return "`upTo` is not an amount"
      if (command.allow !== null && !isAmount(command.allow)) return "`allow` is not an amount"
      return personProblem(command)
    case "trip":
      if (!isAmount(command.coolDownMs) || command.coolDownMs === 0)
        return "`coolDown` is not a duration above 0"
      return personProblem(command)
    case "switch":
      return personProblem(command)
    case "release":
    case "expire":
      return null
  }
}

const lineProblem = (lines: readonly Line[]): string | null => {
  if (lines.length > LINES_MAX) return `\`lines\` has more than ${LINES_MAX}`
  for (let at = 1; at < lines.length; at += 1)
    for (let before = 0; before < at; before += 1)
      if (lines[at]?.account === lines[before]?.account) return "`lines` names an account twice"
  return null
}

const amountsProblem = (name: string, amounts: Amounts): string | null => {
  if (isAmount(amounts.usd) && isAmount(amounts.tokens) && isAmount(amounts.requests)) return null
  for (const unit of ["usd", "tokens", "requests"] as const) {
    if (!isAmount(amounts[unit]))
      return `\`${name}.${unit}\` is \`${amounts[unit]}\`, not an integer from 0 to 2^53 − 1`
  }
  return null
}

const unitsProblem = (units: Units): string | null =>
  isAmount(units.least) && isAmount(units.most) && units.least <= units.most
    ? null
    : "`units` are not integers with `least` up to `most`"

const expiryProblem = (expiresAtMs: number | null, nowMs: EpochMs): string | null => {
  if (expiresAtMs === null) return null
  if (!Number.isSafeInteger(expiresAtMs)) return "`expiresAt` is not an instant"
  return expiresAtMs - nowMs > RESERVATION_MAX_MS ? "`expiresAt` is more than 7 days away" : null
}

const personProblem = (command: { by: string; why: string }): string | null => {
  if (command.by === "") return "`by` is empty; name who does it"
  return command.why === "" ? "`why` is empty; give the reason" : null
}
