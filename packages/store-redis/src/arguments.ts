import { type Amounts, type Command, fingerprintOf, type Line } from "@spendfuse/core/domain"
import { termsToWire, toWire } from "@spendfuse/core/wire"
import type { Call } from "./client.ts"
import { type Shape, type Short, settleTextOf, shapeOf, shapeOfHeld } from "./shape.ts"
import type { StepContext } from "./steps.ts"
import { termsKeyOf } from "./termsKey.ts"

/**
 * A command as the step's script takes it: amounts are decimal strings, texts encoded, terms named by
 * their id. Reserve and Settle go in a short form whose constant part is written once. All keys lie in one
 * slot of a Cluster.
 */
export const argumentsOf = (
  command: Command,
  context: StepContext,
): Pick<Call, "keys" | "args"> => {
  const { base, shared, terms } = context
  const home = base(command.division)
  const short = shortOf(command, context)
  const fingerprint = short?.fingerprint ?? fingerprintOf(command)
  const args = headOf(context)
  if (short !== undefined) {
    const { shape, text, kind, numbers } = short
    const { accounts, hash, switches, facts } = shape
    const count = accounts.length === 0 ? "0" : String(switches.length)
    args.push(kind, fingerprint, numbers, text, hash, String(accounts.length), count, ...facts)
  } else if (command.kind === "settle") {
    const { id, division, reservation } = command
    const text = settleTextOf(division, id.source, reservation.source)
    args.push("s", fingerprint, settleNumbers(command), text, "", "0", "0")
  } else {
    const text = JSON.stringify(based(toWire(command).command, command, base))
    args.push("c", fingerprint, "", text, "", "0", "0")
  }
  for (const one of terms) args.push(termsKeyOf(one), JSON.stringify(termsToWire(one)))
  if (short === undefined || short.shape.accounts.length === 0)
    return { keys: [home, shared], args }
  const { shape, reservation } = short
  const { sourceKey, accounts, crossings } = shape
  const keys = [home, shared, sourceKey, `${home}next`, `${shared}off`, ...accounts, reservation]
  return { keys: crossings.length === 0 ? keys : [...keys, ...crossings], args }
}

/** Undefined where only the full rules can decide. */
export const shortOf = (
  command: Command,
  { base }: Pick<StepContext, "base">,
): Short | undefined => {
  const home = base(command.division)
  if (command.kind === "reserve") {
    const shape = shapeOf(command, home, base)
    return {
      kind: "r",
      shape,
      fingerprint: fingerprintOf(command),
      numbers: reserveNumbers(command),
      text: shape.text,
      reservation: reservationOf(shape, command.id.n),
    }
  }
  if (command.kind !== "settle" || command.id.source !== command.reservation.source)
    return undefined
  const shape = shapeOfHeld(command.reservation, home)
  if (shape === undefined) return undefined
  return {
    kind: "s",
    shape,
    fingerprint: fingerprintOf(command),
    numbers: settleNumbers(command),
    text: shape.settleText,
    reservation: reservationOf(shape, command.reservation.n),
  }
}

/** What every form begins with. */
export const headOf = ({ nowMs, history, eventsKept, auditKept }: StepContext): string[] => [
  nowMs === undefined ? "" : String(nowMs),
  history ? "1" : "",
  String(eventsKept),
  String(auditKept),
]

const reservationOf = ({ reservations }: Shape, n: number): string =>
  reservations + String(n).padStart(16, "0")

type Reserve = Extract<Command, { kind: "reserve" }>
type Settle = Extract<Command, { kind: "settle" }>

const reserveNumbers = (command: Reserve): string => {
  const { id, done, issuedAtMs, expiresAtMs, base, perUnit, units, swallowed } = command
  const head = `${id.n};${done};${issuedAtMs};${expiresAtMs};${amountsOf(base)}`
  return `${head};${amountsOf(perUnit)};${units.least};${units.most};${swallowed}`
}

const settleNumbers = ({ id, done, reservation, seq, actual, final }: Settle): string =>
  `${id.n};${done};${reservation.n};${seq};${amountsOf(actual)};${final ? 1 : 0}`

const amountsOf = ({ usd, tokens, requests }: Amounts): string => `${usd};${tokens};${requests}`

/** Each line with what the keys of its division begin with, and the key of its terms. */
const based = (
  wire: Readonly<Record<string, unknown>>,
  command: Command,
  base: StepContext["base"],
): unknown => {
  const lineOf = (line: object, { division, terms }: Line): object => ({
    ...line,
    base: base(division),
    terms: termsKeyOf(terms),
  })
  if ("lines" in command) {
    const plain = wire.lines as readonly object[]
    return { ...wire, lines: command.lines.map((line, at) => lineOf(plain[at] ?? {}, line)) }
  }
  if (!("line" in command) || command.line === null) return wire
  return { ...wire, line: lineOf(wire.line as object, command.line) }
}
