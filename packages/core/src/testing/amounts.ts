import { parseUsd } from "../domain/money.ts"
import type { Amounts, Unit } from "../domain/terms.ts"
import { record } from "./json.ts"

/** A file's amount of one unit as the product gets it; a bad one is NaN, and so that step's error. */
export const amountIn = (unit: Unit, json: unknown): number | undefined => {
  const amounts = record(json)
  if (amounts === null) return json === undefined ? undefined : Number.NaN
  const value = own(amounts, unit)
  if (unit !== "usd") return value === undefined ? undefined : integer(value)
  const nano = own(amounts, "usdNano")
  if (nano === undefined) return value === undefined ? undefined : usd(value)
  return value === undefined ? integer(nano) : Number.NaN
}

/** All units of a file's amount; requests is `requests` unless given. */
export const amountsOf = (json: unknown, requests: number): Amounts => ({
  usd: amountIn("usd", json) ?? 0,
  tokens: amountIn("tokens", json) ?? 0,
  requests: amountIn("requests", json) ?? requests,
})

/** A count that the product gets as it is; what is not a number is NaN. */
export const countOf = (json: unknown, otherwise: number): number =>
  json === undefined ? otherwise : typeof json === "number" ? json : Number.NaN

const own = (amounts: Readonly<Record<string, unknown>>, name: string): unknown =>
  Object.hasOwn(amounts, name) ? amounts[name] : undefined

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
    : typeof value === "string" && /^-?\d{1,20}$/.test(value)
      ? Number(value)
      : Number.NaN
