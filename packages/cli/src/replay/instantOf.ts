import { BadRow, textOf, valueText } from "./badRow.ts"

/**
 * Epoch milliseconds of an instant: a text as ISO 8601 has it, UTC where it has no zone, or the seconds, milliseconds,
 * microseconds or nanoseconds since 1970, told apart by their size. Null where there is none.
 *
 * @throws BadRow which names the field, the value and the mend
 */
export const instantOf = (name: string, value: unknown): number | null => {
  if (value === undefined || value === null || value === "" || value === "null") return null
  const text = textOf(name, value).trim()
  const atMs =
    typeof value === "number" || NUMBER.test(text) ? millisOf(Number(value)) : parsed(text)
  if (atMs >= 0 && atMs <= INSTANT_MAX_MS) return atMs
  throw new BadRow(`\`${name}\` is ${valueText(value)}, not an instant; write 2026-01-15T10:00:00Z`)
}

const NUMBER = /^\d{9,19}(?:\.\d+)?$/
const INSTANT_MAX_MS = Date.UTC(9999, 0, 1)

/** As seconds these are years after 5138, as the next smaller unit those before 1974. */
const millisOf = (number: number): number => {
  if (number < 1e11) return Math.floor(Math.round(number * 1e6) / 1e3)
  if (number < 1e14) return Math.floor(number)
  return Math.floor(number < 1e17 ? number / 1e3 : number / 1e6)
}

const INSTANT =
  /^(\d{4}-\d\d-(\d\d))(?:[T ](\d\d:\d\d)(?:(:\d\d)([.,]\d+)?)?\s*(Z|UTC|[+-]\d\d(?::?\d\d)?)?)?$/i

const parsed = (text: string): number => {
  const match = INSTANT.exec(text)
  if (match === null) return Number.NaN
  const [, date = "", day, minute = "00:00", second = ":00", fraction = "", zone = "Z"] = match
  const isOfMonth = Number(day) <= 28 || hasDay(date)
  if (!isOfMonth) return Number.NaN
  const part = fraction.slice(0, 4).replace(",", ".")
  return Date.parse(`${date}T${minute}${second}${part}${zoneText(zone.toUpperCase())}`)
}

/** A 30 February would be a day of March. */
const hasDay = (date: string): boolean => {
  const atMs = Date.parse(`${date}T00:00:00Z`)
  return Number.isFinite(atMs) && new Date(atMs).toISOString().startsWith(date)
}

const zoneText = (zone: string): string => {
  if (zone === "Z" || zone === "UTC") return "Z"
  const digits = zone.slice(1).replace(":", "").padEnd(4, "0")
  return `${zone[0]}${digits.slice(0, 2)}:${digits.slice(2)}`
}
