import type { Usage } from "@spendfuse/core"

/** What a provider's answer says it used. */
export interface UsageRead {
  readonly usage: Usage
  readonly model?: string
  /** As the provider names it; several are joined by `+`: `fast+us`. */
  readonly serviceTier?: string
  /** The provider's own charge, in nano-USD: it wins over any price. */
  readonly chargeNanoUsd?: number
}

/** What is in a body: a usage, a usage that cannot be read, or none. */
export type UsageAnswer = UsageRead | { readonly problem: string } | null

export type Json = Readonly<Record<string, unknown>>

export const record = (value: unknown): Json | null =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : null

export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

export const textOf = (value: unknown): string | undefined =>
  typeof value === "string" ? value : undefined

/** An own field: names come from a body, and `__proto__` is one of them. */
export const own = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Json)[name]
    : undefined

/** Reads counts from a body; keeps the first that is not one, and the first that nobody here knows. */
export class Counts {
  problem: string | null = null
  /** What is counted there and has no name here. It is not free; only the provider's own charge covers it. */
  unknown: string | null = null

  /** An integer of at least 0; absent and null are 0. */
  of(body: unknown, ...path: readonly string[]): number {
    let value: unknown = body
    for (const name of path) value = own(value, name)
    if (value === undefined || value === null) return 0
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value
    this.problem ??= `\`usage.${path.join(".")}\` is not a count`
    return 0
  }

  /** What is left of a total when its parts are taken out, each token once. */
  rest(total: number, name: string, ...parts: readonly number[]): number {
    const left = parts.reduce((sum, part) => sum - part, total)
    if (left >= 0) return left
    this.problem ??= `the parts of \`usage.${name}\` are more than the whole`
    return 0
  }

  /** Notes what looks like a count and is none of the known ones. */
  only(body: unknown, known: ReadonlySet<string>): void {
    for (const [name, value] of Object.entries(record(body) ?? {})) {
      if (value === 0 || typeof value !== "number" || known.has(name) || !COUNT.test(name)) continue
      this.note(`usage.${name}`)
    }
  }

  note(what: string): void {
    this.unknown ??= `\`${what.slice(0, 80)}\` is counted, and nothing here knows its price`
  }
}

const COUNT =
  /(?:tokens?|count|requests|queries|searches|calls|seconds|minutes|images|pages|characters|units|used)$/i

/**
 * The answer of a reader, zeros left out.
 *
 * @param total tokens that the provider counted: a charge of 0 beside them is not believed, since gateways
 *   write it where they know no price
 */
export const answer = (
  counts: Counts,
  usage: Usage,
  more: {
    readonly model?: string | undefined
    readonly serviceTier?: string | undefined
    readonly charge?: number | undefined
  },
): UsageAnswer => {
  if (counts.problem !== null) return { problem: counts.problem }
  const used = Object.entries(usage).filter(([, count]) => count !== 0)
  const { model, serviceTier, charge } = more
  const isCharged = charge !== undefined && (charge > 0 || used.length === 0)
  if (!isCharged && counts.unknown !== null) return { problem: counts.unknown }
  return {
    usage: Object.fromEntries(used),
    ...(model !== undefined && { model }),
    ...(serviceTier !== undefined && { serviceTier }),
    ...(isCharged && { chargeNanoUsd: charge }),
  }
}
