import { amountText } from "@spendfuse/core"

/** To the cent; below a cent exactly. */
export const dollarsText = (nano: number): string =>
  nano === 0 || nano >= NANO_PER_CENT
    ? `$${(Math.round(nano / NANO_PER_CENT) / 100).toLocaleString("en-US", { minimumFractionDigits: 2 })}`
    : amountText(nano, "usd")

const NANO_PER_CENT = 10_000_000

/** `1 call`, `1,200 calls`. */
export const countText = (count: number, what: string): string =>
  `${numberText(count)} ${what}${count === 1 ? "" : "s"}`

export const numberText = (count: number): string => count.toLocaleString("en-US")
