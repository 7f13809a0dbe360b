import { type Usual, usualOf } from "./usual.ts"

const HOURS = 168
const WEEKS = 4
const HOUR_MS = 3_600_000

/**
 * What an account did in the same hour of the week: of each hour in the last four weeks the bucket with most
 * spend. Hours are those of UTC; those beside count too, for clocks change and jobs start late.
 */
export class Season {
  readonly #highs = new Float64Array(HOURS * WEEKS)
  readonly #firstHour: number
  #hour: number

  constructor(atMs: number) {
    this.#hour = Math.floor(atMs / HOUR_MS)
    this.#firstHour = this.#hour
  }

  /** A bucket is over. Instants never go back. */
  add(atMs: number, amount: number): void {
    const hour = Math.floor(atMs / HOUR_MS)
    const passed = Math.min(hour - this.#hour, HOURS * WEEKS)
    for (let n = 0; n < passed; n += 1) this.#highs[(hour - n) % this.#highs.length] = 0
    this.#hour = Math.max(this.#hour, hour)
    const at = hour % this.#highs.length
    this.#highs[at] = Math.max(this.#highs[at] ?? 0, amount)
  }

  /** What is usual at this instant of the week; null where nothing was spent then. */
  usualAt(atMs: number, sigma: number): Usual | null {
    const hour = Math.floor(atMs / HOUR_MS)
    let highest: Usual | null = null
    for (const beside of [-1, 0, 1]) {
      const highs = this.#highsOf(hour + beside)
      if (highs.length === 0) continue
      const usual = usualOf(highs, sigma)
      if (usual.median > (highest?.median ?? 0)) highest = usual
    }
    return highest
  }

  /** The highs of that hour in the weeks before. */
  #highsOf(hour: number): readonly number[] {
    const highs: number[] = []
    for (let week = 1; week <= WEEKS; week += 1) {
      const past = hour - week * HOURS
      if (past < this.#firstHour || past <= this.#hour - this.#highs.length) break
      highs.push(past > this.#hour ? 0 : (this.#highs[past % this.#highs.length] ?? 0))
    }
    return highs
  }
}
