import { createHash } from "node:crypto"
import type { CommandId, Line, Reserve } from "@spendfuse/core/domain"
import { encodeText, toPlain } from "@spendfuse/core/wire"
import { termsKeyOf } from "./termsKey.ts"

/** What is the same in every Reserve of the same lines, as the step's script takes it: an engine sends them again and again. */
export interface Shape {
  readonly home: string
  readonly source: string
  readonly via: string | null
  readonly switches: readonly string[]
  /** The constant part of a Reserve, and of its reservation's record. */
  readonly text: string
  /** The constant part of its Settle. */
  readonly settleText: string
  /** Keys of the lines' accounts; empty where the full rules must decide. */
  readonly accounts: readonly string[]
  /** The `crossing` keys of the lines' other divisions. */
  readonly crossings: readonly string[]
  readonly hash: string
  /** What the meters of the lines must be of, one for each account. */
  readonly facts: readonly string[]
  readonly sourceKey: string
  /** What a reservation of its source begins with, before the number. */
  readonly reservations: string
}

/** A Reserve, or the Settle of one that this process made. */
export interface Short {
  readonly kind: "r" | "s"
  readonly shape: Shape
  readonly fingerprint: string
  readonly numbers: string
  readonly text: string
  /** Key of its reservation. */
  readonly reservation: string
}

/** Made once for a list of lines that is sent again. */
export const shapeOf = (
  command: Reserve,
  home: string,
  base: (division: string) => string,
): Shape => {
  const { id, lines, switches, via } = command
  let shape = shapes.get(lines)
  if (
    shape === undefined ||
    shape.home !== home ||
    shape.source !== id.source ||
    shape.via !== via ||
    shape.switches !== switches
  ) {
    shape = made(command, home, base)
    shapes.set(lines, shape)
  }
  held.set(id, shape)
  return shape
}

/** That of the Reserve whose id this very object is; the script looks for itself where there is none. */
export const shapeOfHeld = (reservation: CommandId, home: string): Shape | undefined => {
  const shape = held.get(reservation)
  return shape?.home === home ? shape : undefined
}

/** What a Settle says each time. */
export const settleTextOf = (division: string, source: string, of: string): string =>
  JSON.stringify({
    division: encodeText(division),
    source: encodeText(source),
    of: encodeText(of),
  })

const shapes = new WeakMap<readonly Line[], Shape>()
const held = new WeakMap<CommandId, Shape>()

const made = (
  { id, division, lines, switches, via }: Reserve,
  home: string,
  base: (division: string) => string,
): Shape => {
  const bases = lines.map((line) => base(line.division))
  const text = JSON.stringify({
    base: home,
    division: encodeText(division),
    source: encodeText(id.source),
    lines: lines.map(({ account, division, period, terms }, at) => [
      encodeText(account),
      encodeText(division),
      bases[at],
      String(period.startMs),
      String(period.endMs),
      String(period.keptUntilMs),
      termsKeyOf(terms),
    ]),
    switches: toPlain(switches),
    via: toPlain(via),
  })
  const accounts = [
    ...new Set(lines.map(({ account }, at) => `${bases[at]}a:${encodeText(account)}`)),
  ]
  const others = [...new Set(bases)].filter((other) => other !== home)
  const isQuick = accounts.length === lines.length && lines.length + switches.length <= QUICK_MAX
  const facts = lines.map(({ terms, period }) => `${termsKeyOf(terms)}@${period.startMs}\u0000`)
  const hash = createHash("sha1").update(text).digest("hex").slice(0, 16)
  const name = encodeText(id.source)
  return {
    home,
    source: id.source,
    via,
    switches,
    text,
    settleText: settleTextOf(division, id.source, id.source),
    accounts: isQuick ? accounts : [],
    crossings: isQuick ? others.map((other) => `${other}crossing`) : [],
    hash,
    facts: isQuick ? facts : [],
    sourceKey: `${home}s:${name}`,
    reservations: `${home}r:${name}\u0000`,
  }
}

/** More are left to the full rules: a script takes some hundred values at once. */
const QUICK_MAX = 100
