import { shortAmount } from "@spendfuse/adapters/notifier"
import { formatUsd, LIMIT_NANO_USD_MAX, parseUsd, type Unit } from "@spendfuse/core/domain"
import { CliError } from "../io.ts"

/** An amount as people write it in a flag: dollars for `usd`, else a whole number. @throws CliError */
export const amountOf = (flag: string, text: string, unit: Unit): number => {
  const plain = text.replace(/^\$/, "").replace(/_/g, "")
  const amount =
    unit === "usd" ? parseUsd(plain) : /^\d{1,16}$/.test(plain) ? Number(plain) : undefined
  const most = unit === "usd" ? LIMIT_NANO_USD_MAX : Number.MAX_SAFE_INTEGER
  if (amount !== undefined && amount <= most) return amount
  const what =
    unit === "usd"
      ? "an amount of dollars up to 9,000,000; write e.g. 5 or 0.25"
      : `a whole number of ${unit}; write e.g. 1000`
  throw new CliError(`\`${flag} ${text.slice(0, 40)}\` is not ${what}`)
}

/** An amount short enough for a table; `none` where there is no bound. */
export const shortText = (amount: number, unit: Unit): string =>
  Number.isFinite(amount) ? shortAmount(amount, unit).replace(/ .*/, "") : "none"

/** The same with its unit in words. */
export const amountInWords = (amount: number, unit: Unit): string =>
  Number.isFinite(amount) ? shortAmount(amount, unit) : "none"

/** A tenth of the limit, in whole cents where that leaves something: the step that is proposed. */
export const smallStepOf = (limit: number, unit: Unit): number => {
  const tenth = Math.max(1, Math.floor(limit / 10))
  return unit === "usd" && tenth >= NANO_PER_CENT ? tenth - (tenth % NANO_PER_CENT) : tenth
}

/** An amount as a flag takes it. */
export const flagText = (amount: number, unit: Unit): string =>
  unit === "usd" ? formatUsd(amount) : String(amount)

const NANO_PER_CENT = 10_000_000
