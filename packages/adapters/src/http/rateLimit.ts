import type { Admitted, Refused, Remaining } from "@spendfuse/core"
import type { HostOptions } from "./options.ts"

type Kinds = NonNullable<HostOptions<unknown>["rateLimit"]>
type Line = Admitted["lines"][number]

/**
 * `RateLimit-Policy` and `RateLimit` by draft-ietf-httpapi-ratelimit-headers-11: each budget by its name, what
 * it allows in its window, and what is left until when.
 *
 * @param left what is known to be left of some of the lines, in their units
 */
export const rateLimitHeaders = (
  lines: readonly Line[],
  kinds: Kinds,
  left: readonly Left[],
  nowMs: number,
): Record<string, string> => {
  const told = lines.filter(
    ({ terms }) => kinds === "all" || (kinds === "requests" && terms.unit === "requests"),
  )
  if (told.length === 0) return {}
  const remaining = told.flatMap((line) => {
    const found = left.find(({ account }) => account === line.account)
    return found === undefined ? [] : [limitOf(line, found, nowMs)]
  })
  return {
    "ratelimit-policy": told.map(policyOf).join(", "),
    ...(remaining.length > 0 && { ratelimit: remaining.join(", ") }),
  }
}

/** What is left of an account, in its unit. */
export interface Left {
  readonly account: string
  readonly remaining: number
}

/** What a refusal knows of it. */
export const leftOfRefused = ({ obstacles }: Refused): readonly Left[] =>
  obstacles.flatMap((one) => (one.kind === "line" ? [one] : []))

/** What was read of it. */
export const leftOfRead = (read: readonly Remaining[]): readonly Left[] => read

const policyOf = ({ terms, period }: Line): string => {
  const windowMs = terms.slidingMs > 0 ? terms.slidingMs : period.endMs - period.startMs
  const window = terms.idleMs > 0 ? "" : `;w=${Math.round(windowMs / 1_000)}`
  const unit = UNITS[terms.unit]
  return `${quoted(terms.budget)};q=${amountOf(terms.unit, terms.limit)}${window}${unit === "" ? "" : `;qu=${quoted(unit)}`}`
}

const limitOf = ({ terms, period }: Line, { remaining }: Left, nowMs: number): string => {
  const capped = Number.isFinite(remaining) ? Math.max(0, remaining) : terms.limit
  const ends = terms.idleMs > 0 || terms.slidingMs > 0
  const until = ends ? "" : `;t=${Math.max(0, Math.ceil((period.endMs - nowMs) / 1_000))}`
  return `${quoted(terms.budget)};r=${amountOf(terms.unit, capped)}${until}`
}

const UNITS = { requests: "", tokens: "spendfuse-tokens", usd: "spendfuse-microusd" } as const

const NANO_PER_MICRO = 1_000
/** Integers of structured fields have 15 digits at most (RFC 8941, section 3.3.1). */
const INTEGER_MAX = 999_999_999_999_999

const amountOf = (unit: keyof typeof UNITS, amount: number): number =>
  Math.min(INTEGER_MAX, unit === "usd" ? Math.floor(amount / NANO_PER_MICRO) : amount)

/** A string of a structured field: printable ASCII, quotes and backslashes escaped. */
const quoted = (text: string): string =>
  `"${text.replace(/[^\x20-\x7e]/g, "_").replace(/["\\]/g, "\\$&")}"`
