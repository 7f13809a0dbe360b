import type { DomainEvent, Meter } from "@spendfuse/core/domain"
import type { Judged } from "./judged.ts"

/** What a meter had settled at an earlier instant. */
export interface Earlier {
  readonly settled: number
  readonly atMs: number
}

/** How fast an account spends, in its unit, and how long until its cap at that pace. */
export interface Burn {
  readonly perMinute: number
  /** What the pace is the mean of: from then until now. */
  readonly sinceMs: number
  /** Until nothing more fits; 0 where that is so, null where it has no cap or a person must act. */
  readonly toCapMs: number | null
}

const RECENT_MS = 15 * 60_000
const SHORTEST_MS = 10_000
/** An event that is younger tells little of a pace. */
const TELLING_MS = 60_000

/**
 * The pace of an account from what the store holds: since the earlier amount where one is known, else since the
 * period began, or since the oldest bucket of a sliding window.
 *
 * @returns null where nothing is settled, or too little time is known to say anything
 */
export const burnOf = (
  { meter, view }: Judged,
  nowMs: number,
  earlier?: Earlier | undefined,
): Burn | null => {
  if (meter === null || view.settled === 0) return null
  const from = earlier ?? { settled: 0, atMs: beginOf(meter, nowMs) }
  const tookMs = nowMs - from.atMs
  if (tookMs < SHORTEST_MS || from.settled > view.settled) return null
  const perMs = (view.settled - from.settled) / tookMs
  return {
    perMinute: ((view.settled - from.settled) * 60_000) / tookMs,
    sinceMs: from.atMs,
    toCapMs: toCapOf({ meter, view }, perMs),
  }
}

const toCapOf = ({ view }: Pick<Judged, "meter" | "view">, perMs: number): number | null => {
  if (view.circuit === "latched" || !Number.isFinite(view.remaining)) return null
  if (view.remaining === 0) return 0
  return perMs === 0 ? null : Math.round(view.remaining / perMs)
}

const beginOf = ({ period, terms, notes, bornAtMs }: Meter, nowMs: number): number => {
  if (terms.idleMs > 0) return bornAtMs
  if (terms.slidingMs === 0) return period.startMs
  const starts = notes.buckets.map((bucket) => bucket.period.startMs)
  return Math.max(nowMs - terms.slidingMs, Math.min(nowMs, ...starts))
}

/**
 * Earlier amounts of accounts, from events that carry them: the oldest of the last quarter of an hour that is of
 * the meter which still counts.
 */
export const earlierFrom = (
  events: readonly DomainEvent[],
  nowMs: number,
): ((judged: Judged) => Earlier | undefined) => {
  const known = new Map<string, Earlier>()
  for (const event of events) {
    const agoMs = nowMs - event.atMs
    if (!("settled" in event) || agoMs > RECENT_MS || agoMs < TELLING_MS) continue
    const name = nameOf(event.account, event.periodStartMs)
    if (!known.has(name)) known.set(name, { settled: event.settled, atMs: event.atMs })
  }
  return ({ account, meter }) =>
    meter === null || meter.terms.slidingMs > 0
      ? undefined
      : known.get(nameOf(account.key, meter.period.startMs))
}

/** Remembers what accounts had settled at each look, and answers the oldest that is less than five minutes old. */
export class Looks {
  readonly #known = new Map<string, Earlier[]>()

  see({ account, meter, view }: Judged, nowMs: number): Earlier | undefined {
    if (meter === null) return undefined
    const name = nameOf(account.key, meter.period.startMs)
    const seen = (this.#known.get(name) ?? []).filter(({ atMs }) => nowMs - atMs <= LOOKED_MS)
    const [oldest] = seen
    this.#known.delete(name)
    this.#known.set(name, [...seen, { settled: view.settled, atMs: nowMs }])
    const first = this.#known.keys().next().value
    if (this.#known.size > NAMES_MAX && first !== undefined) this.#known.delete(first)
    return oldest !== undefined && nowMs - oldest.atMs >= SHORTEST_MS ? oldest : undefined
  }
}

const LOOKED_MS = 5 * 60_000
const NAMES_MAX = 10_000

const nameOf = (account: string, startMs: number): string => `${startMs} ${account}`
