import { AMOUNT_MAX, LIMIT_NANO_USD_MAX, parseUsd } from "../domain/money.ts"
import type { Threshold } from "../domain/policy.ts"
import type { Unit } from "../domain/terms.ts"
import { DAY_MS, parseDuration } from "../domain/time.ts"
import { type Problem, shown } from "./problem.ts"

/** Collects problems while it reads; a value that cannot be read is a stand-in, and a problem. */
export class Reader {
  readonly problems: Problem[] = []

  problem(path: string, message: string): void {
    this.problems.push({ path, message })
  }

  duration(path: string, text: string): number {
    const ms = parseDuration(text)
    if (ms !== undefined && ms > 0 && ms <= DURATION_MAX_MS) return ms
    const why = (ms ?? 0) > 0 ? "is longer than ten years" : "is not a duration above 0"
    this.problem(path, `${shown(text)} ${why}; write e.g. "1h30m"`)
    return 1
  }

  /** A percentage above 0, with at most four decimals. */
  percent(path: string, text: string): number {
    const value = percentOf(text)
    if (value !== undefined && value > 0) return value
    const why = value === undefined ? "is not a percentage" : "is not above 0 %"
    this.problem(path, `${shown(text)} ${why}; write e.g. "80%"`)
    return 100
  }

  /** An amount in a unit: nano-USD, tokens, requests. */
  amount(path: string, value: string | number, unit: Unit | "usdNano"): number {
    const amount = amountOf(value, unit)
    if (amount === undefined) {
      if (isUsd(unit) && /^\d{7,}(\.\d{1,9})?$/.test(String(value))) {
        this.problem(path, `${shown(value)} ${TOO_MUCH}`)
        return 1
      }
      const what =
        unit === "usd"
          ? 'USD with at most nine decimals; write e.g. 50 or "0.25"'
          : "an integer; write e.g. 1000"
      this.problem(path, `${shown(value)} is not ${what}`)
      return 1
    }
    if (amount <= 0) this.problem(path, `${shown(value)} is not above 0; write an amount above 0`)
    if (isUsd(unit) && amount > LIMIT_NANO_USD_MAX)
      this.problem(path, `${shown(value)} ${TOO_MUCH}`)
    return Math.max(1, Math.min(amount, AMOUNT_MAX))
  }

  threshold(path: string, value: string | number, unit: Unit): Threshold {
    if (typeof value === "number") {
      this.problem(path, `${shown(value)} has no unit; write e.g. "80%" or "5usd"`)
      return { percent: 100 }
    }
    if (value.endsWith("%")) return { percent: this.percent(path, value) }
    const match = /^([0-9.]+)\s*(usd|tokens|requests)$/.exec(value)
    if (match === null || match[1] === undefined) {
      this.problem(path, `${shown(value)} is not a threshold; write e.g. "80%" or "5${unit}"`)
      return { percent: 100 }
    }
    if (match[2] !== unit)
      this.problem(path, `${shown(value)} is not in the budget's unit; write it in ${unit}`)
    return { amount: this.amount(path, match[1], unit) }
  }

  integer(path: string, value: number, least: number, most: number): number {
    if (Number.isSafeInteger(value) && value >= least && value <= most) return value
    this.problem(path, `${shown(value)} is not an integer from ${least} to ${most}`)
    return least
  }
}

const DURATION_MAX_MS = 3_660 * DAY_MS

const TOO_MUCH =
  "is more than 9,000,000 USD, the most that one meter counts exactly; split the budget"

const isUsd = (unit: Unit | "usdNano"): boolean => unit === "usd" || unit === "usdNano"

const percentOf = (text: string): number | undefined =>
  /^\d{1,6}(\.\d{1,4})?\s*%$/.test(text) ? Number.parseFloat(text) : undefined

const amountOf = (value: string | number, unit: Unit | "usdNano"): number | undefined => {
  const text = typeof value === "number" ? plain(value) : value
  if (unit === "usd") return parseUsd(text)
  return /^-?\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined
}

/** A JSON number as its decimal text, without an exponent where one would be written. */
const plain = (value: number): string => {
  const text = String(value)
  return /e-/.test(text) ? value.toFixed(12).replace(/0+$/, "") : text
}
