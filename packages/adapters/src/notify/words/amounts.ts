import { amountText, type DomainEvent } from "@spendfuse/core"

/** An event that carries a meter's numbers. */
export type MeterEvent = Extract<DomainEvent, { readonly settled: number }>

/** Narrows to what carries a meter's numbers. */
export const isMeterEvent = (event: DomainEvent): event is MeterEvent => "settled" in event

const NANO_PER_CENT = 10_000_000
const NANO_PER_HUNDREDTH_CENT = 100_000

/** An amount short enough for a phone: whole cents from $1 on, four decimals below, cut and never rounded up. */
export const shortAmount = (amount: number, unit: MeterEvent["unit"]): string => {
  if (unit !== "usd") return amountText(amount, unit)
  const step = amount >= 100 * NANO_PER_CENT ? NANO_PER_CENT : NANO_PER_HUNDREDTH_CENT
  return amountText(amount < step ? amount : amount - (amount % step), unit)
}

/** `$40 of $50`. */
export const ofLimit = ({ settled, limit, unit }: MeterEvent): string =>
  unit === "usd"
    ? `${shortAmount(settled, unit)} of ${shortAmount(limit, unit)}`
    : `${settled} of ${amountText(limit, unit)}`

/** What is spent as a share of the limit, cut to whole percent; null where there is no bound. */
export const percentOf = ({ settled, limit }: MeterEvent): number | null =>
  limit > 0 && Number.isFinite(limit) ? Math.floor((settled / limit) * 100) : null

/** How fast the meter has been filled since it began to count. */
export interface Pace {
  readonly sinceMs: number
  /** In the unit, per millisecond. */
  readonly perMs: number
  /** Until the cap at this pace, or the limit where there is none, milliseconds; null where it is reached. */
  readonly toCapMs: number | null
}

const SHORTEST_MS = 60_000

/**
 * The mean pace since the meter's start; null where what counts began elsewhere (a sliding window), or is over,
 * or that is less than a minute ago, so that the figure would say little.
 */
export const paceOf = (event: MeterEvent): Pace | null => {
  const sinceMs = event.kind === "period-end" ? null : meterStartOf(event)
  if (sinceMs === null || event.settled <= 0 || event.atMs - sinceMs < SHORTEST_MS) return null
  const perMs = event.settled / (event.atMs - sinceMs)
  const left = (event.cap ?? event.limit) - event.settled
  return { sinceMs, perMs, toCapMs: left > 0 && Number.isFinite(left) ? left / perMs : null }
}

/**
 * Since when a meter counts what it has settled: the start of its period, of a lifetime its first use, which its
 * events' ids name as `account@born/…`. Null for a sliding window, which lets go of what it counted.
 */
const meterStartOf = ({ id, account, periodStartMs, periodEndMs }: MeterEvent): number | null => {
  const found = id.startsWith(`${account}@`)
    ? /^(\d{1,16})\//.exec(id.slice(account.length + 1))
    : null
  const bornMs = Number(found?.[1] ?? 0)
  const isWhole = bornMs === periodStartMs || periodEndMs >= FOREVER_MS
  return isWhole && bornMs > 0 ? bornMs : null
}

/** The end of a period that does not end by itself. */
export const FOREVER_MS = 8_640_000_000_000_000

/** `$2 a minute`, `$0.5 an hour`: by the hour where a minute's worth is below a cent or one of the unit. */
export const paceText = ({ perMs }: Pace, unit: MeterEvent["unit"]): string => {
  const perMinute = Math.round(perMs * 60_000)
  const isSlow = perMinute < (unit === "usd" ? NANO_PER_CENT : 1)
  return isSlow
    ? `${shortAmount(Math.round(perMs * 3_600_000), unit)} an hour`
    : `${shortAmount(perMinute, unit)} a minute`
}
