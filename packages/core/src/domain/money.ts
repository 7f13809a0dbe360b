/** The largest amount that a meter, a hold or a limit can carry: 2^53 − 1 of its unit. */
export const AMOUNT_MAX: number = Number.MAX_SAFE_INTEGER

/** The largest limit in nano-USD: 9,000,000 USD, so that a sum stays below 2^53. */
export const LIMIT_NANO_USD_MAX: number = 9_000_000_000_000_000

/** An integer number of nano US dollars (1e-9 USD), a safe integer. */
export type NanoUsd = number

/** Whether `value` is an integer from 0 to 2^53 − 1. */
export const isAmount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0

/**
 * Reads decimal US dollars exactly, without floating point.
 *
 * @param text digits with at most nine decimals, such as `"0.25"`; no sign, no exponent
 * @returns nano-USD, or `undefined` where the text is not such a number or passes 2^53 − 1
 * @example parseUsd("0.25") // => 250000000
 */
export const parseUsd = (text: string): NanoUsd | undefined => {
  const match = /^(\d{1,16})(?:\.(\d{1,9}))?$/.exec(text)
  if (match === null) return undefined
  const nano = BigInt(match[1] ?? "0") * 1_000_000_000n + BigInt((match[2] ?? "").padEnd(9, "0"))
  return nano <= BigInt(AMOUNT_MAX) ? Number(nano) : undefined
}

/**
 * Writes nano-USD as decimal US dollars, exactly, with no trailing zeros.
 *
 * @example formatUsd(1_500_000_000) // => "1.5"
 */
export const formatUsd = (nanoUsd: NanoUsd): string => {
  const sign = nanoUsd < 0 ? "-" : ""
  const digits = BigInt(Math.abs(nanoUsd)).toString().padStart(10, "0")
  const fraction = digits.slice(-9).replace(/0+$/, "")
  return `${sign}${digits.slice(0, -9)}${fraction === "" ? "" : `.${fraction}`}`
}
