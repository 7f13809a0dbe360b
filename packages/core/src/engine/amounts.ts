import { AMOUNT_MAX, isAmount } from "../domain/money.ts"
import type { Amounts } from "../domain/terms.ts"

/** Of each unit the smaller. */
export const smallest = (one: Amounts, other: Amounts): Amounts => ({
  usd: Math.min(one.usd, other.usd),
  tokens: Math.min(one.tokens, other.tokens),
  requests: Math.min(one.requests, other.requests),
})

/** What is left of each unit, never below 0. */
export const rest = (all: Amounts, taken: Amounts): Amounts => ({
  usd: Math.max(0, all.usd - taken.usd),
  tokens: Math.max(0, all.tokens - taken.tokens),
  requests: Math.max(0, all.requests - taken.requests),
})

/** So many times each unit. */
export const times = (one: Amounts, n: number): Amounts => ({
  usd: n * one.usd,
  tokens: n * one.tokens,
  requests: n * one.requests,
})

/** Of each unit the sum, at most 2^53 − 1. */
export const sum = (one: Amounts, other: Amounts): Amounts => ({
  usd: Math.min(AMOUNT_MAX, one.usd + other.usd),
  tokens: Math.min(AMOUNT_MAX, one.tokens + other.tokens),
  requests: Math.min(AMOUNT_MAX, one.requests + other.requests),
})

/** What is not an amount in a host's input, with its name and value; null where nothing is. */
export const amountsProblem = (name: string, amounts: unknown): string | null => {
  if (typeof amounts !== "object" || amounts === null)
    return `\`${name}\` is \`${String(amounts)}\`; give e.g. { usd: 1000 }, in nano-USD`
  for (const unit in amounts) {
    if (unit !== "usd" && unit !== "tokens" && unit !== "requests")
      return `\`${name}.${unit.slice(0, 40)}\` is not a unit; there are \`usd\`, \`tokens\`, \`requests\``
  }
  const { usd, tokens, requests } = amounts as Partial<Record<string, unknown>>
  if (isMissingOrAmount(usd) && isMissingOrAmount(tokens) && isMissingOrAmount(requests))
    return null
  const [unit, value] = isMissingOrAmount(usd)
    ? isMissingOrAmount(tokens)
      ? ["requests", requests]
      : ["tokens", tokens]
    : ["usd", usd]
  return `\`${name}.${unit}\` is \`${shortOf(value)}\`; give an integer from 0 to 2^53 − 1`
}

const isMissingOrAmount = (value: unknown): boolean => value === undefined || isAmount(value)

/** A value for an error's text: scalars only. */
export const shortOf = (value: unknown): string =>
  typeof value === "object" || typeof value === "function"
    ? typeof value
    : String(value).slice(0, 40)
