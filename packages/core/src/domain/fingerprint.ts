import type { Command, Line } from "./command.ts"
import { contentOf } from "./once.ts"
import type { Amounts } from "./terms.ts"

/**
 * 16 hexadecimal digits that stand for what makes two commands the same: everything but instants, `done`
 * and `swallowed`. A store that keeps it with an outcome tells a command that is sent again from another
 * one under the same number, which only a fault of the engine or of its name can bring about.
 */
export const fingerprintOf = (command: Command): string => {
  const text = textOf(command)
  let one = 0x9e3779b9
  let other = 0x85ebca6b
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at)
    one = Math.imul(one ^ unit, 0x01000193)
    other = Math.imul(other ^ unit ^ (one >>> 15), 0x2c1b3c6d)
  }
  return hex(mixed(one ^ (other >>> 13))) + hex(mixed(other ^ text.length))
}

/** The two that come with every call are written by hand, the rest as the core compares them. */
const textOf = (command: Command): string => {
  const { id, division } = command
  switch (command.kind) {
    case "reserve": {
      const { units, base, perUnit, lines, switches, via } = command
      const amounts = `${units.least},${units.most},${amountsText(base)},${amountsText(perUnit)}`
      const head = `${sized(id.source)}${id.n},${sized(division)}${amounts}`
      return `r${head}${via === null ? "-" : sized(via)}${linesText(lines)}${switches.map(sized).join("")}`
    }
    case "settle": {
      const { reservation, seq, actual, final } = command
      const of = `${sized(reservation.source)}${reservation.n},${seq},${final ? 1 : 0}`
      return `s${sized(id.source)}${id.n},${sized(division)}${of},${amountsText(actual)}`
    }
    default:
      return contentOf(command)
  }
}

const amountsText = ({ usd, tokens, requests }: Amounts): string => `${usd},${tokens},${requests}`

/** With its length before it, so that no two lists of texts read the same. */
const sized = (text: string): string => `${text.length}:${text}`

const known = new WeakMap<readonly Line[], string>()

/** An engine sends the same list again and again. */
const linesText = (lines: readonly Line[]): string => {
  let text = known.get(lines)
  if (text === undefined) {
    text = `${lines.length}[${lines.map(({ account, division }) => sized(account) + sized(division)).join("")}`
    known.set(lines, text)
  }
  return text
}

const mixed = (value: number): number => {
  let bits = Math.imul(value ^ (value >>> 16), 0x7feb352d)
  bits = Math.imul(bits ^ (bits >>> 15), 0x846ca68b)
  return bits ^ (bits >>> 16)
}

const hex = (value: number): string => (value >>> 0).toString(16).padStart(8, "0")
