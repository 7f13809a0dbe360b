import { type Command, fingerprintOf, type Reserve, type Settle } from "@spendfuse/core/domain"
import { encodeText } from "@spendfuse/core/wire"
import { addLongNames } from "./longNames.ts"
import { planOf, type SentPlan } from "./plans.ts"

/** A command that can go by columns: a small Reserve, or the final Settle of its source's own reservation. */
export type Common = Reserve | (Settle & { readonly final: true })

/** Far below 2^63 in the sum of a batch. */
const COMMON_MAX = 2 ** 50

export const isCommon = (command: Command): command is Common => {
  if (command.kind === "settle")
    return command.final && command.reservation.source === command.id.source && command.seq > 0
  if (command.kind !== "reserve" || command.lines.length === 0) return false
  const { base, perUnit, units } = command
  return (["usd", "tokens", "requests"] as const).every(
    (unit) => base[unit] + perUnit[unit] * units.most <= COMMON_MAX,
  )
}

/** The common commands of a batch, a column for each argument of the database function. */
export class Columns {
  readonly #heads = new Map<string, number>()
  readonly #sources: string[] = []
  readonly #divisions: string[] = []
  readonly #planAt = new Map<string, number>()
  readonly #plans: SentPlan[] = []
  readonly #numbers: (number | null)[][] = NUMBERS.map(() => [])
  readonly #prints: string[] = []
  readonly #vias: (string | null)[] = []
  readonly #seen = new Set<string>()
  /** Sources and divisions that are too long for an index. */
  readonly longNames: Set<string> = new Set()

  get plans(): readonly SentPlan[] {
    return this.#plans
  }

  /** @returns false where the batch has a command of this number or reservation already: it must follow */
  add(at: number, command: Common): boolean {
    const head = this.#headOf(command)
    const own = `${head} ${command.id.n}`
    const of = command.kind === "settle" ? `${head} ${command.reservation.n}` : own
    if (this.#seen.has(own) || this.#seen.has(of)) return false
    this.#seen.add(own).add(of)
    const { id, done } = command
    const row = command.kind === "settle" ? settled(command) : reserved(command)
    const plan = command.kind === "settle" ? null : this.#placeOf(planOf(command))
    const numbers = [at, head, id.n, done, plan, ...row]
    for (const [place, column] of this.#numbers.entries()) column.push(numbers[place] ?? null)
    this.#prints.push(fingerprintOf(command))
    this.#vias.push(command.kind === "settle" ? null : command.via)
    return true
  }

  /** As the function takes them. */
  get values(): readonly string[] {
    const numbers = this.#numbers.map((column) => `{${column.map(numberText).join()}}`)
    const plans = `{${this.#plans.map(({ id }) => id).join()}}`
    const heads = [texts(this.#sources), texts(this.#divisions), plans]
    return [
      ...heads,
      ...numbers.slice(0, 4),
      `{${this.#prints.join()}}`,
      ...numbers.slice(4, -1),
      texts(this.#vias),
      ...numbers.slice(-1),
    ]
  }

  #headOf({ id: { source }, division }: Common): number {
    const key = `${source.length}:${source}/${division}`
    const known = this.#heads.get(key)
    if (known !== undefined) return known
    const names = { source: encodeText(source), division: encodeText(division) }
    const head = this.#sources.push(names.source)
    this.#divisions.push(names.division)
    addLongNames(names, this.longNames)
    this.#heads.set(key, head)
    return head
  }

  #placeOf(plan: SentPlan): number {
    const known = this.#planAt.get(plan.id)
    if (known !== undefined) return known
    const place = this.#plans.push(plan)
    this.#planAt.set(plan.id, place)
    return place
  }
}

/** In the order of the function's arguments, without its texts. */
const NUMBERS =
  "at head n done plan of seq base1 base2 base3 each1 each2 each3 least most issued expires swallowed".split(
    " ",
  )

const reserved = (command: Reserve): readonly (number | null)[] => {
  const { base, perUnit, units, issuedAtMs, expiresAtMs, swallowed } = command
  const each = [perUnit.usd, perUnit.tokens, perUnit.requests]
  const amounts = [base.usd, base.tokens, base.requests, ...each, units.least, units.most]
  return [null, null, ...amounts, issuedAtMs, expiresAtMs, swallowed]
}

const settled = ({ reservation, seq, actual }: Settle): readonly (number | null)[] => [
  reservation.n,
  seq,
  actual.usd,
  actual.tokens,
  actual.requests,
]

const numberText = (value: number | null): string => (value === null ? "null" : String(value))

const texts = (values: readonly (string | null)[]): string =>
  `{${values.map((value) => (value === null ? "null" : quoted(value))).join()}}`

const quoted = (text: string): string => `"${text.replace(/[\\"]/g, "\\$&")}"`
