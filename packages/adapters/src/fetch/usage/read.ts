import type { Usage } from "@spendfuse/core"

/** What a provider's answer says it used. */
export interface UsageRead {
  readonly usage: Usage
  readonly model?: string
  readonly serviceTier?: string
  /** The provider's own charge, in nano-USD. */
  readonly chargeNanoUsd?: number
}

/** What is in a body: a usage, a usage that cannot be read, or none. */
export type UsageAnswer = UsageRead | { readonly problem: string } | null

export type Json = Readonly<Record<string, unknown>>

export const record = (value: unknown): Json | null =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : null

export const textOf = (value: unknown): string | undefined =>
  typeof value === "string" ? value : undefined

/** Reads counts from a body and keeps the first that is not one. */
export class Counts {
  problem: string | null = null

  /** An integer of at least 0; absent and null are 0. */
  of(body: Json | null, ...path: readonly string[]): number {
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
}

export const own = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Json)[name]
    : undefined

/** Leaves zeros out. */
export const counted = (usage: Usage): Usage =>
  Object.fromEntries(Object.entries(usage).filter(([, count]) => count !== 0))

export const answer = (
  counts: Counts,
  usage: Usage,
  more: {
    model?: string | undefined
    serviceTier?: string | undefined
    chargeNanoUsd?: number | undefined
  },
): UsageAnswer => {
  if (counts.problem !== null) return { problem: counts.problem }
  const known = Object.entries(more).filter(([, value]) => value !== undefined)
  return { usage: counted(usage), ...Object.fromEntries(known) }
}
