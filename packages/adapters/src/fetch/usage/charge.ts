import { type Counts, type Json, own, record } from "./read.ts"

/**
 * What a provider says that it charged, in nano-USD; undefined where it says nothing.
 *
 * `usage.cost` in USD is OpenRouter's (a credit is a dollar; with a key of one's own the upstream's cost comes
 * on top) and `usage.cost.total_cost` Perplexity's; `usage.cost_in_usd_ticks` counts 1e-10 USD and is xAI's.
 * Sources: "Usage accounting", "Sonar API", "Cost tracking" (read 2026-11).
 */
export const chargeOf = (counts: Counts, usage: Json): number | undefined => {
  const ticks = own(usage, "cost_in_usd_ticks")
  if (ticks !== undefined && ticks !== null)
    return read(counts, "cost_in_usd_ticks", isCount(ticks) ? nanoOf(ticks, -10) : null)
  const cost = own(usage, "cost")
  const told = record(cost) === null ? cost : own(cost, "total_cost")
  if (told === undefined || told === null) return undefined
  const charge = read(counts, "cost", nanoOf(told))
  if (own(usage, "is_byok") !== true || charge === undefined) return charge
  const upstream = own(own(usage, "cost_details"), "upstream_inference_cost")
  if (upstream === undefined || upstream === null) return undefined
  const more = read(counts, "cost_details.upstream_inference_cost", nanoOf(upstream))
  return more === undefined ? undefined : charge + more
}

const read = (counts: Counts, name: string, nano: number | null): number | undefined => {
  if (nano !== null) return nano
  counts.problem ??= `\`usage.${name}\` is not a charge in USD`
  return undefined
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0

/**
 * By decimal digits: a number's shortest text has the digits of the body wherever those are 15 or fewer, so
 * nothing is multiplied as a float. What is below the nano is rounded up.
 */
const nanoOf = (usd: unknown, scale = 0): number | null => {
  if (typeof usd !== "number" && typeof usd !== "string") return null
  const match = /^(\d{1,20})(?:\.(\d{1,30}))?(?:e([+-]\d{1,2}))?$/i.exec(String(usd))
  if (match === null) return null
  const [, whole = "0", fraction = "", exponent = "0"] = match
  const digits = BigInt(whole + fraction)
  const shift = 9 - fraction.length + Number(exponent) + scale
  const by = 10n ** BigInt(Math.abs(shift))
  const nano = shift >= 0 ? digits * by : (digits + by - 1n) / by
  return nano <= CHARGE_MAX ? Number(nano) : null
}

/** 9,000,000 USD, as for limits: what is more is no price of a call. */
const CHARGE_MAX = 9_000_000_000_000_000n
