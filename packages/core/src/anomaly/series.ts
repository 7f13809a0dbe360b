import type { BurnRule, Settings } from "./options.ts"
import { Season } from "./season.ts"
import { thresholdOf, type Usual, usualOf } from "./usual.ts"

/** What an account spent: buckets with spend, the last ones by time, and the hours of its weeks. */
export class Series {
  readonly #settings: Settings
  /** Buckets with spend, the newest over the oldest. */
  readonly #active: number[] = []
  #nextActive = 0
  /** The last buckets by time, for the windows of burn rules. */
  readonly #recent: Float64Array
  readonly #season: Season
  #usual: Usual | null | undefined
  #bucket: number
  /** Spent in the current bucket. */
  spent = 0

  constructor(settings: Settings, atMs: number) {
    this.#settings = settings
    this.#bucket = Math.floor(atMs / settings.bucketMs)
    const longest = Math.max(0, ...settings.burn.map(({ longMs }) => longMs))
    this.#recent = new Float64Array(Math.max(1, longest / settings.bucketMs))
    this.#season = new Season(atMs)
  }

  /** The number of the current bucket since 1970. */
  get bucket(): number {
    return this.#bucket
  }

  /** Goes on to the bucket of an instant; what is late counts in the current one. */
  advance(atMs: number): void {
    const bucket = Math.floor(atMs / this.#settings.bucketMs)
    const passed = bucket - this.#bucket
    if (passed <= 0) return
    if (this.spent > 0) this.#learn()
    const { length } = this.#recent
    for (let n = 0; n < Math.min(passed, length); n += 1) this.#recent[(bucket - n) % length] = 0
    this.#bucket = bucket
    this.#usual = undefined
    this.spent = 0
  }

  add(amount: number): void {
    this.spent += amount
    this.#recent[this.#bucket % this.#recent.length] = this.spent
  }

  /** What is usual in a bucket of now; null while it is not known long enough. */
  get usual(): Usual | null {
    if (this.#usual === undefined) this.#usual = this.#usualNow()
    return this.#usual
  }

  /** How many times as fast as its limit allows the account spends, over both windows of a rule: the smaller. */
  burnOf(rule: BurnRule, limit: number, periodMs: number): number {
    const rateOver = (windowMs: number): number =>
      this.spentIn(windowMs) / windowMs / (limit / periodMs)
    return Math.min(rateOver(rule.longMs), rateOver(rule.shortMs))
  }

  /** Spent in the last buckets that are as long as this together, the current one among them. */
  spentIn(windowMs: number): number {
    const count = Math.min(this.#recent.length, windowMs / this.#settings.bucketMs)
    let sum = 0
    for (let n = 0; n < count && n <= this.#bucket; n += 1)
      sum += this.#recent[(this.#bucket - n) % this.#recent.length] ?? 0
    return sum
  }

  #learn(): void {
    this.#active[this.#nextActive] = this.spent
    this.#nextActive = (this.#nextActive + 1) % this.#settings.history
    this.#season.add(this.#bucket * this.#settings.bucketMs, this.spent)
  }

  /** The own recent past, or the same hour of earlier weeks where that allows more. */
  #usualNow(): Usual | null {
    const { sigma, warmUp, bucketMs } = this.#settings
    if (this.#active.length < warmUp) return null
    const recent = usualOf(this.#active, sigma)
    const weekly = this.#season.usualAt(this.#bucket * bucketMs, sigma)
    if (weekly === null || thresholdOf(weekly, sigma) <= thresholdOf(recent, sigma)) return recent
    return weekly
  }
}
