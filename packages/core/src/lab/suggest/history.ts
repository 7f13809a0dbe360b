import type { Policy } from "../../domain/policy.ts"
import { PLATFORM } from "../../domain/subject.ts"
import { HOUR_MS } from "../../domain/time.ts"
import { RequestFailed } from "../../engine/errors.ts"
import type { Prices } from "../../ports/Prices.ts"
import { usedBy } from "../replay/cost.ts"
import type { ReplayRow } from "../replay/row.ts"
import { Sketch } from "../replay/sketch.ts"

/** How the accounts of one dimension spend. Nano-USD. */
export interface Habits {
  readonly dimension: string
  readonly accounts: number
  /** Rows that name it; the platform's are all. */
  readonly rows: number
  /** What an account spends in an hour, and in a day (UTC), in which it spends anything. */
  readonly hours: Sketch
  readonly days: Sketch
  /** The highest of the 168 medians by hour of the week, of an account; 0 where no hour came twice. */
  readonly seasonalHour: number
  /** Which hour of the week that is, from Monday 00:00 UTC. */
  readonly busiestHour: number | null
}

/** Spend by dimension, hour and day of a history, in constant memory beside the accounts that it names. */
export class History {
  readonly #prices: Prices | undefined
  readonly #dimensions = new Map<string, Dimension>()
  #rows = 0
  #unpriced = 0
  #fromMs = Number.POSITIVE_INFINITY
  #untilMs = Number.NEGATIVE_INFINITY

  constructor(prices?: Prices) {
    this.#prices = prices
  }

  /** Rows that were counted, those without a price, and their first and last instant. */
  get counted(): {
    readonly rows: number
    readonly unpriced: number
    readonly fromMs: number
    readonly untilMs: number
  } {
    const [fromMs, untilMs] = [this.#fromMs, this.#untilMs]
    return { rows: this.#rows, unpriced: this.#unpriced, fromMs, untilMs }
  }

  take(rows: readonly ReplayRow[]): void {
    for (const row of rows) {
      const nanoUsd = this.#costOf(row)
      if (nanoUsd === null) continue
      this.#rows += 1
      this.#fromMs = Math.min(this.#fromMs, row.atMs)
      this.#untilMs = Math.max(this.#untilMs, row.atMs)
      this.#dimension(PLATFORM).add("all", row.atMs, nanoUsd)
      for (const name in row.subject)
        this.#dimension(name).add(row.subject[name] ?? "", row.atMs, nanoUsd)
    }
  }

  /** The platform first, then the dimensions by name. Take nothing more after it. */
  habits(): readonly Habits[] {
    return [...this.#dimensions]
      .sort(([one], [other]) =>
        one === PLATFORM ? -1 : other === PLATFORM ? 1 : one < other ? -1 : 1,
      )
      .map(([dimension, found]) => ({ dimension, ...found.habits() }))
  }

  #costOf(row: ReplayRow): number | null {
    try {
      return usedBy(row, PRICED, this.#prices).usd
    } catch (error) {
      if (!(error instanceof RequestFailed)) throw error
      this.#unpriced += 1
      return null
    }
  }

  #dimension(name: string): Dimension {
    let found = this.#dimensions.get(name)
    if (found === undefined) {
      found = new Dimension()
      this.#dimensions.set(name, found)
    }
    return found
  }
}

/** What pricing asks of a policy: what has no price is left out. */
const PRICED: Policy = {
  budgets: [],
  unknownModel: { kind: "refuse" },
  onStoreUnavailable: { kind: "deny" },
  maxOutputTokens: null,
  minOutputTokens: 0,
  fallbacks: new Map(),
  onRefused: null,
}

const DAY_HOURS = 24
const WEEK_HOURS = 168
/** The epoch was a Thursday. */
const MONDAY_BEFORE_EPOCH_HOURS = 72

class Dimension {
  readonly #hours = new Sketch()
  readonly #days = new Sketch()
  readonly #byHourOfWeek = Array.from({ length: WEEK_HOURS }, () => new Sketch())
  readonly #accounts = new Map<string, Sums>()
  #rows = 0

  add(account: string, atMs: number, nanoUsd: number): void {
    this.#rows += 1
    const hour = Math.floor(atMs / HOUR_MS)
    let sums = this.#accounts.get(account)
    if (sums === undefined) {
      sums = { hour, ofHour: 0, ofDay: 0 }
      this.#accounts.set(account, sums)
    }
    if (hour > sums.hour) this.#turn(sums, hour)
    sums.ofHour += nanoUsd
    sums.ofDay += nanoUsd
  }

  habits(): Omit<Habits, "dimension"> {
    for (const sums of this.#accounts.values()) this.#turn(sums, Number.POSITIVE_INFINITY)
    let seasonalHour = 0
    let busiestHour: number | null = null
    for (const [at, sketch] of this.#byHourOfWeek.entries()) {
      const median = sketch.total < TWICE * this.#accounts.size ? 0 : sketch.quantile(0.5)
      if (median <= seasonalHour) continue
      seasonalHour = median
      busiestHour = at
    }
    const [hours, days] = [this.#hours, this.#days]
    const { size: accounts } = this.#accounts
    return { accounts, rows: this.#rows, hours, days, seasonalHour, busiestHour }
  }

  #turn(sums: Sums, hour: number): void {
    this.#hours.add(sums.ofHour)
    this.#byHourOfWeek[(sums.hour + MONDAY_BEFORE_EPOCH_HOURS) % WEEK_HOURS]?.add(sums.ofHour)
    sums.ofHour = 0
    if (Math.floor(hour / DAY_HOURS) !== Math.floor(sums.hour / DAY_HOURS)) {
      this.#days.add(sums.ofDay)
      sums.ofDay = 0
    }
    sums.hour = hour
  }
}

/** An hour of the week says something of a season once it came again. */
const TWICE = 2

interface Sums {
  hour: number
  ofHour: number
  ofDay: number
}
