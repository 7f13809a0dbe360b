import { type Amounts, type Command, fingerprintOf, type Line } from "@spendfuse/core/domain"
import { encodeText, termsToWire, toWire } from "@spendfuse/core/wire"
import type { Call } from "./client.ts"
import { nameOf } from "./keys.ts"
import { type Shape, settleTextOf, shapeOf, shapeOfHeld } from "./shape.ts"
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
  const { base, shared, terms, nowMs, history, eventsKept, auditKept } = context
  const home = base(command.division)
  const args: string[] = [
    nowMs === undefined ? "" : String(nowMs),
    history ? "1" : "",
    String(eventsKept),
    String(auditKept),
  ]
  const form = formOf(command, home, context)
  args.push(form.kind, fingerprintOf(command), form.numbers, form.text, ...form.shape.args)
  for (const one of terms) args.push(termsKeyOf(one), JSON.stringify(termsToWire(one)))
  if (form.reservation === "") return { keys: [home, shared], args }
  const source = `${home}s:${encodeText(command.id.source)}`
  const keys = [home, shared, source, `${home}r:${form.reservation}`, `${home}next`]
  return { keys: [...keys, ...form.shape.keys], args }
}

interface Form {
  readonly kind: "c" | "r" | "s"
  /** What follows the tag in the reservation's key; empty where the form has none. */
  readonly reservation: string
  readonly numbers: string
  readonly text: string
  readonly shape: Pick<Shape, "keys" | "args">
}

const formOf = (command: Command, home: string, { base, shared }: StepContext): Form => {
  if (command.kind === "reserve") {
    const shape = shapeOf(command, home, shared, base)
    const { id, done, issuedAtMs, expiresAtMs, perUnit, units, swallowed } = command
    const head = `${id.n};${done};${issuedAtMs};${expiresAtMs};${amountsOf(command.base)}`
    return {
      kind: "r",
      reservation: nameOf(id),
      numbers: `${head};${amountsOf(perUnit)};${units.least};${units.most};${swallowed}`,
      text: shape.text,
      shape,
    }
  }
  if (command.kind === "settle") {
    const { id, done, reservation, seq, actual, final } = command
    const shape = id.source === reservation.source ? shapeOfHeld(reservation, home) : undefined
    const head = `${id.n};${done};${reservation.n};${seq};${amountsOf(actual)}`
    return {
      kind: "s",
      reservation: nameOf(reservation),
      numbers: `${head};${final ? 1 : 0}`,
      text: shape?.settleText ?? settleTextOf(command.division, id.source, reservation.source),
      shape: shape ?? NO_SHAPE,
    }
  }
  const text = JSON.stringify(based(toWire(command).command, command, base))
  return { kind: "c", reservation: "", numbers: "", text, shape: NO_SHAPE }
}

const NO_SHAPE = { keys: [], args: ["", "0", "0"] } as const

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
