import type { Unit } from "../domain/terms.ts"
import type { DurationMs, EpochMs } from "../domain/time.ts"
import { type AnomalyOptions, type BurnRule, type Settings, settingsOf } from "./options.ts"
import { Series } from "./series.ts"

/** What one account spent: a settlement, or a part of one. */
export interface Spent {
  readonly account: string
  readonly atMs: EpochMs
  /** In `unit`: nano-USD, tokens, requests. */
  readonly amount: number
  readonly unit: Unit
  /** What burn rules measure by; absent: none of them looks. */
  readonly budget?: { readonly limit: number; readonly periodMs: DurationMs }
}

/** An account spends unlike itself, or much faster than its limit allows; or does so no more. */
export interface Anomaly {
  readonly state: "raised" | "over"
  readonly kind: "sigma" | "burn"
  readonly account: string
  readonly unit: Unit
  readonly atMs: EpochMs
  /** Since when: the start of the bucket in which it was raised. With the account and the rule it names the anomaly. */
  readonly sinceMs: EpochMs
  /** What was looked at, up to `atMs`. */
  readonly windowMs: DurationMs
  /** Spent in it, in the unit; of `over`, when it was raised. */
  readonly seen: number
  /** What is usual in it; of a burn rule what the limit allows in it. */
  readonly expected: number
  /** Deviations above the usual, or how many times as fast as the limit allows. */
  readonly score: number
}

/**
 * Finds accounts that spend unlike themselves. Pure: no clock, no randomness; the same settlements give the
 * same anomalies, and within a bucket their order does not matter to which are raised. An anomaly is told
 * once, and again when a whole bucket has passed without it.
 *
 * A bucket is unusual above `median + sigma × deviation` of the account's own last buckets with spend, and
 * of the same hour of earlier weeks. After a start each account is learned anew, and nobody is paged by it.
 *
 * @example
 * const detector = new AnomalyDetector({ sigma: 4 })
 * const found = detector.spend({ account: "hour/k1", atMs, amount: 2_000_000_000, unit: "usd" })
 */
export class AnomalyDetector {
  readonly #settings: Settings
  /** In the order of their last spend. */
  readonly #watched = new Map<string, Watched>()

  /** @throws RangeError where an option is not what it should be */
  constructor(options: AnomalyOptions = {}) {
    this.#settings = settingsOf(options)
  }

  /** How many accounts are remembered. */
  get accounts(): number {
    return this.#watched.size
  }

  /** Counts what was spent, and answers what is unusual by it, and what is over. */
  spend(spent: Spent): readonly Anomaly[] {
    const { account, atMs, amount } = spent
    const watched = this.#watched.get(account) ?? {
      series: new Series(this.#settings, atMs),
      unit: spent.unit,
      raised: new Map<string, Raised>(),
    }
    this.#watched.delete(account)
    this.#watched.set(account, watched)
    watched.series.advance(atMs)
    const found = this.#over(watched, atMs)
    watched.series.add(amount)
    for (const [rule, figures] of this.#unusual(watched, spent)) {
      const known = watched.raised.get(rule)
      if (known !== undefined) known.bucket = watched.series.bucket
      else found.push(this.#raise(watched, { account, atMs, rule, figures }))
    }
    if (this.#watched.size > this.#settings.accounts) found.push(...this.#forgetOldest(atMs))
    return found
  }

  /** What is over by now, of accounts that spend no more; in the order of their names. */
  look(atMs: EpochMs): readonly Anomaly[] {
    const raised = [...this.#watched].filter(([, { raised }]) => raised.size > 0)
    raised.sort(([one], [other]) => (one < other ? -1 : 1))
    return raised.flatMap(([, watched]) => {
      watched.series.advance(atMs)
      return this.#over(watched, atMs)
    })
  }

  #raise({ series, unit, raised }: Watched, { account, atMs, rule, figures }: Found): Anomaly {
    const { bucket } = series
    const sinceMs = bucket * this.#settings.bucketMs
    const anomaly: Anomaly = { state: "raised", account, unit, atMs, sinceMs, ...figures }
    raised.set(rule, { bucket, anomaly })
    return anomaly
  }

  #over({ series, raised }: Watched, atMs: EpochMs): Anomaly[] {
    const over: Anomaly[] = []
    for (const [rule, { bucket, anomaly }] of raised) {
      if (series.bucket - bucket <= 1) continue
      raised.delete(rule)
      over.push({ ...anomaly, state: "over", atMs })
    }
    return over
  }

  /** What nobody watches any more must not stay open. */
  #forgetOldest(atMs: EpochMs): readonly Anomaly[] {
    for (const [account, { raised }] of this.#watched) {
      this.#watched.delete(account)
      return [...raised.values()].map(({ anomaly }) => ({ ...anomaly, state: "over", atMs }))
    }
    return []
  }

  *#unusual({ series }: Watched, { unit, budget }: Spent): Iterable<readonly [string, Figures]> {
    const { sigma, bucketMs, burn } = this.#settings
    const minimum = this.#settings.minimum[unit]
    if (series.spent < minimum) return
    const { usual, spent } = series
    if (usual !== null && spent > usual.median + sigma * usual.spread) {
      const score = (spent - usual.median) / usual.spread
      const figures = { windowMs: bucketMs, seen: spent, expected: usual.median, score }
      yield ["sigma", { kind: "sigma", ...figures }]
    }
    if (budget === undefined) return
    for (const [at, rule] of burn.entries()) {
      const figures = burnOf(series, rule, budget)
      if (figures !== null) yield [`burn ${at}`, figures]
    }
  }
}

/** Null where the rate is lower, or where the limit itself stops the account before the rule could see it. */
const burnOf = (
  series: Series,
  rule: BurnRule,
  { limit, periodMs }: { readonly limit: number; readonly periodMs: DurationMs },
): Figures | null => {
  if (limit <= 0 || rule.rate * rule.longMs > periodMs) return null
  const score = series.burnOf(rule, limit, periodMs)
  if (score < rule.rate) return null
  const windowMs = rule.longMs
  const expected = (limit / periodMs) * windowMs
  return { kind: "burn", windowMs, seen: series.spentIn(windowMs), expected, score }
}

interface Watched {
  readonly series: Series
  readonly unit: Unit
  /** By rule. */
  readonly raised: Map<string, Raised>
}

interface Raised {
  /** The last bucket in which it was unusual. */
  bucket: number
  readonly anomaly: Anomaly
}

interface Found {
  readonly account: string
  readonly atMs: EpochMs
  readonly rule: string
  readonly figures: Figures
}

type Figures = Pick<Anomaly, "kind" | "windowMs" | "seen" | "expected" | "score">
