import { parseUsd } from "../domain/money.ts"
import type { Amounts, Unit } from "../domain/terms.ts"
import { record } from "./scenario.ts"

/** A file's amount of one unit as the product gets it; a bad one is NaN, and so that step's error. */
export const amountIn = (unit: Unit, json: unknown): number | undefined => {
  const amounts = record(json)
  if (amounts === null) return undefined
  if (unit === "usd" && amounts.usdNano !== undefined) return integer(amounts.usdNano)
  const value = amounts[unit]
  if (value === undefined) return undefined
  return unit === "usd" ? usd(value) : integer(value)
}

/** All units of a file's amount; requests is `requests` unless given. */
export const amountsOf = (json: unknown, requests: number): Amounts => ({
  usd: amountIn("usd", json) ?? 0,
  tokens: amountIn("tokens", json) ?? 0,
  requests: amountIn("requests", json) ?? requests,
})

const usd = (value: unknown): number => {
  const text = typeof value === "number" && Number.isSafeInteger(value) ? String(value) : value
  if (typeof text !== "string") return Number.NaN
  const isNegative = text.startsWith("-")
  const nano = parseUsd(isNegative ? text.slice(1) : text)
  return nano === undefined ? Number.NaN : isNegative ? -nano : nano
}

const integer = (value: unknown): number =>
  typeof value === "number"
    ? value
    : /^-?\d{1,20}$/.test(String(value))
      ? Number(value)
      : Number.NaN
