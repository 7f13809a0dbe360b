import { formatUsd, parseUsd } from "@spendfuse/core/domain"
import { shown } from "../src/notify/words/clean.ts"
import type { Account, Unit } from "./views.ts"

const NANO_PER_CENT = 10_000_000
const NANO_PER_HUNDREDTH_CENT = 100_000

/** An amount for people: whole cents from $1 on, four decimals below, cut and never rounded up. */
export const amountText = (amount: string | number | null, unit: Unit): string => {
  if (amount === null) return "no cap"
  const value = Number(amount)
  if (unit !== "usd")
    return `${value.toLocaleString("en")} ${value === 1 ? unit.slice(0, -1) : unit}`
  const step = value >= 100 * NANO_PER_CENT ? NANO_PER_CENT : NANO_PER_HUNDREDTH_CENT
  const text = formatUsd(value < step ? Math.floor(value) : value - (value % step))
  return /\.\d$/.test(text) ? `$${text}0` : `$${text}`
}

/** An amount that a person wrote, in the unit as the API takes it; undefined where it is none above 0. */
export const amountOf = (text: string, unit: Unit): number | undefined => {
  const plain = text.trim().replace(/^\$/, "")
  const value = unit === "usd" ? parseUsd(plain) : wholeOf(plain)
  return value !== undefined && value > 0 ? value : undefined
}

/** An amount as a field of a form takes it: `0.1`. */
export const fieldText = (amount: number, unit: Unit): string =>
  unit === "usd" ? formatUsd(amount) : String(amount)

const wholeOf = (text: string): number | undefined =>
  /^\d{1,15}$/.test(text) ? Number(text) : undefined

/** Who spends, for people: the values of the budget's dimensions. */
export const whoOf = ({ subject, key, budget }: Account): string => {
  const values = subject === null ? [] : Object.values(subject)
  if (values.length > 0) return values.map((value) => name(value)).join(" · ")
  const rest = key.slice(budget.length + 1)
  return rest === "all" ? "everybody" : name(rest)
}

/** What a caller chose: one line, nothing in it hides, and at most so long. */
export const name = (text: string, max = 80): string => {
  const safe = shown(text, max)
  return safe.trim() === "" ? `“${safe}”` : safe
}

/** The time of day of an instant, in the reader's own zone. */
export const clockText = (atMs: number): string =>
  new Date(atMs).toLocaleTimeString("en-GB", { hour12: false })

/** An instant in the reader's own zone, with its day where that is not today's. */
export const timeText = (atMs: number): string => {
  const at = new Date(atMs)
  const day = at.toDateString() === new Date().toDateString() ? "" : `${dayText(at)} `
  return `${day}${clockText(atMs).slice(0, 5)}`
}

const dayText = (at: Date): string =>
  at.toLocaleDateString("en-GB", { day: "numeric", month: "short" })

/** A length of time for people, in its largest unit. */
export const lengthText = (ms: number): string => {
  const minutes = ms / 60_000
  if (minutes < 2) return `${Math.max(1, Math.round(ms / 1_000))} s`
  if (minutes < 120) return `${Math.round(minutes)} min`
  if (minutes < 2_880) return `${Math.round(minutes / 60)} h`
  return `${Math.round(minutes / 1_440)} days`
}
