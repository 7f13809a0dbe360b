import {
  type Command,
  type CommandId,
  LINES_MAX,
  type Line,
  RESERVATION_MAX_MS,
  type Units,
} from "./command.ts"
import { isAmount } from "./money.ts"
import type { Amounts } from "./terms.ts"
import { type EpochMs, FOREVER_MS } from "./time.ts"

/**
 * What is wrong with a command, with the field and the value; null where nothing is. It answers, whatever it gets.
 *
 * @param isKnown whether a list of lines was looked at before: an engine sends the same one again and again
 */
export const problemOf = (
  command: Command,
  nowMs: EpochMs,
  isKnown: (lines: readonly Line[]) => boolean = () => false,
): string | null => {
  if (!Number.isSafeInteger(nowMs))
    return `the store's clock is \`${String(nowMs)}\`, not an instant`
  return formProblemOf(command, isKnown) ?? timeProblemOf(command, nowMs)
}

/** What is wrong with a command whatever the time is: a store may ask this before it sends anything. */
export const formProblemOf = (
  command: Command,
  isKnown: (lines: readonly Line[]) => boolean = () => false,
): string | null => {
  if (!isObject(command)) return "it is not an object"
  const { id, done } = command
  if (idProblem("id", id) !== null) return idProblem("id", id)
  if (!isAmount(done) || done >= id.n) return `\`done\` is ${shown(done)}, not below \`id.n\``
  if (typeof command.division !== "string") return "`division` is not a string"
  return fieldProblem(command, isKnown)
}

/** What is wrong with it at the store's time alone, where its form is right: every store asks this first. */
export const timeProblemOf = (command: Command, nowMs: EpochMs): string | null => {
  switch (command.kind) {
    case "reserve":
    case "extend":
      return command.expiresAtMs !== null && command.expiresAtMs - nowMs > RESERVATION_MAX_MS
        ? "`expiresAt` is more than 7 days away"
        : null
    case "trip":
      return nowMs + command.coolDownMs > FOREVER_MS
        ? `\`coolDown\` is ${shown(command.coolDownMs)}, which ends after all time`
        : null
    default:
      return null
  }
}

const fieldProblem = (
  command: Command,
  isKnown: (lines: readonly Line[]) => boolean,
): string | null => {
  switch (command.kind) {
    case "reserve":
      return (
        (isKnown(command.lines)
          ? null
          : (lineProblem(command.lines) ?? switchesProblem(command.switches))) ??
        askedProblem(command) ??
        expiryProblem(command.expiresAtMs) ??
        (command.via === null || typeof command.via === "string" ? null : "`via` is not a name") ??
        (isAmount(command.swallowed) ? null : "`swallowed` is not a count")
      )
    case "extend":
      return (
        idProblem("reservation", command.reservation) ??
        askedProblem(command) ??
        (command.expiresAtMs === null ? null : expiryProblem(command.expiresAtMs))
      )
    case "settle":
      if (!isAmount(command.seq) || command.seq === 0) return "`seq` is not an integer above 0"
      if (typeof command.final !== "boolean") return "`final` is neither true nor false"
      return (
        idProblem("reservation", command.reservation) ?? amountsProblem("actual", command.actual)
      )
    case "release":
      return idProblem("reservation", command.reservation)
    case "charge":
      return (
        lineProblem(command.lines) ??
        amountsProblem("amounts", command.amounts) ??
        (command.ends === null ? null : idProblem("ends", command.ends))
      )
    case "adjust":
      if (!Number.isSafeInteger(command.amount))
        return `\`amount\` is ${shown(command.amount)}, not a safe integer`
      return lineProblem([command.line]) ?? personProblem(command)
    case "acknowledge":
      return acknowledgeProblem(command) ?? personProblem(command)
    case "trip":
      if (typeof command.account !== "string") return "`account` is not a key"
      if (!isDuration(command.coolDownMs))
        return `\`coolDown\` is ${shown(command.coolDownMs)}, not a duration above 0`
      return personProblem(command)
    case "switch":
      if (typeof command.switch !== "string") return "`switch` is not a key"
      if (command.state !== "off" && command.state !== "on")
        return `\`state\` is ${shown(command.state)}, neither \`off\` nor \`on\``
      if (command.untilMs !== null && !isInstant(command.untilMs))
        return `\`until\` is ${shown(command.untilMs)}, not an instant`
      return personProblem(command)
    case "expire":
      return null
    default:
      return `\`kind\` is ${shown((command as { kind?: unknown }).kind)}, which is not a command`
  }
}

const lineProblem = (lines: readonly Line[]): string | null => {
  if (!Array.isArray(lines)) return "`lines` is not a list"
  if (lines.length > LINES_MAX) return `\`lines\` has more than ${LINES_MAX}`
  const seen = new Set<string>()
  for (const line of lines) {
    if (!isObject(line) || typeof line.account !== "string" || typeof line.division !== "string")
      return "`lines` holds what is not a line"
    if (seen.has(line.account)) return "`lines` names an account twice"
    seen.add(line.account)
    if (!isObject(line.terms) || !isAmount(line.terms.limit)) return "a line has no terms"
    const { startMs, endMs, keptUntilMs } = isObject(line.period) ? line.period : NO_PERIOD
    const isPeriod =
      isInstant(startMs) && isInstant(endMs) && isInstant(keptUntilMs) && startMs < endMs
    if (!isPeriod || keptUntilMs < endMs) return "a line has no period with a start before its end"
  }
  return null
}

const NO_PERIOD = { startMs: Number.NaN, endMs: Number.NaN, keptUntilMs: Number.NaN }

const switchesProblem = (switches: readonly string[]): string | null => {
  if (!Array.isArray(switches)) return "`switches` is not a list of keys"
  for (const key of switches) if (typeof key !== "string") return "`switches` is not a list of keys"
  return null
}

const askedProblem = (command: {
  readonly base: Amounts
  readonly perUnit: Amounts
  readonly units: Units
  readonly issuedAtMs: EpochMs
}): string | null =>
  amountsProblem("base", command.base) ??
  amountsProblem("perUnit", command.perUnit) ??
  unitsProblem(command.units) ??
  (isInstant(command.issuedAtMs)
    ? null
    : `\`issuedAt\` is ${shown(command.issuedAtMs)}, not an instant`)

const amountsProblem = (name: string, amounts: Amounts): string | null => {
  if (!isObject(amounts)) return `\`${name}\` is not an amount in each unit`
  if (isAmount(amounts.usd) && isAmount(amounts.tokens) && isAmount(amounts.requests)) return null
  for (const unit of ["usd", "tokens", "requests"] as const) {
    if (!isAmount(amounts[unit]))
      return `\`${name}.${unit}\` is ${shown(amounts[unit])}, not an integer from 0 to 2^53 − 1`
  }
  return null
}

const unitsProblem = (units: Units): string | null =>
  isObject(units) && isAmount(units.least) && isAmount(units.most) && units.least <= units.most
    ? null
    : "`units` are not integers with `least` up to `most`"

const expiryProblem = (expiresAtMs: number): string | null =>
  isInstant(expiresAtMs) ? null : `\`expiresAt\` is ${shown(expiresAtMs)}, not an instant`

const acknowledgeProblem = (command: Extract<Command, { kind: "acknowledge" }>): string | null => {
  if (typeof command.account !== "string") return "`account` is not a key"
  if (!isAmount(command.generation))
    return `\`generation\` is ${shown(command.generation)}, not a count`
  if (!isAmount(command.upTo)) return `\`upTo\` is ${shown(command.upTo)}, not an amount`
  if (command.allow !== null && !isAmount(command.allow))
    return `\`allow\` is ${shown(command.allow)}, not an amount`
  if (command.line === null) return null
  return (
    lineProblem([command.line]) ??
    (command.line.account === command.account ? null : "`line` is of another account")
  )
}

const personProblem = (command: { readonly by: string; readonly why: string }): string | null => {
  if (typeof command.by !== "string" || command.by === "") return "`by` is empty; name who does it"
  return typeof command.why !== "string" || command.why === ""
    ? "`why` is empty; give the reason"
    : null
}

const idProblem = (name: string, id: CommandId): string | null => {
  if (!isObject(id) || typeof id.source !== "string" || id.source === "")
    return `\`${name}.source\` is empty`
  return isAmount(id.n) && id.n > 0 ? null : `\`${name}.n\` is ${shown(id.n)}, not above 0`
}

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null

const isInstant = (value: unknown): boolean =>
  Number.isSafeInteger(value) && Math.abs(value as number) <= FOREVER_MS

const isDuration = (value: unknown): boolean => isAmount(value) && value > 0

const shown = (value: unknown): string =>
  typeof value === "object" && value !== null ? "an object" : `\`${String(value).slice(0, 40)}\``
