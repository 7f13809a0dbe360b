import {
  type Account,
  budgetOf,
  FOREVER_MS,
  type Line,
  type Meter,
  type Terms,
  type View,
  viewOf,
} from "@spendfuse/core/domain"

/** An account as the store holds it, judged at the store's time under the terms that it was last used with. */
export interface Judged {
  readonly account: Account
  readonly budget: string
  readonly terms: Terms
  /** What the current period has used; null where nothing was used in it yet. */
  readonly meter: Meter | null
  /** The account's line in that period; null where there is none. */
  readonly line: Line | null
  readonly view: View
  /** The end of the current period; null where it has none, or nobody has used it. */
  readonly periodEndMs: number | null
}

/** Judges an account without its policy: a store knows no policy, but each meter carries its terms. */
export const judgedOf = (account: Account, nowMs: number): Judged => {
  const { key, division, meters } = account
  const meter =
    meters.findLast(({ period }) => period.startMs <= nowMs && nowMs < period.endMs) ?? null
  const terms = (meter ?? meters.at(-1))?.terms ?? { ...NO_TERMS, budget: budgetOf(key) }
  const line = meter === null ? null : { account: key, division, period: meter.period, terms }
  const unused = { account: key, division, period: soon(nowMs), terms }
  return {
    account,
    budget: budgetOf(key),
    terms,
    meter,
    line,
    view: viewOf(account, line ?? unused, nowMs),
    periodEndMs: meter === null || meter.period.endMs >= FOREVER_MS ? null : meter.period.endMs,
  }
}

/** A period that no meter has: nothing is used in it. */
const soon = (nowMs: number) => ({ startMs: nowMs, endMs: nowMs + 1, keptUntilMs: nowMs + 1 })

/** Of an account that only an operator's hand has touched. */
const NO_TERMS: Terms = {
  id: "",
  budget: "",
  unit: "usd",
  limit: 0,
  observe: false,
  window: "",
  slidingMs: 0,
  bucketMs: 0,
  idleMs: 0,
  tiers: [],
}
