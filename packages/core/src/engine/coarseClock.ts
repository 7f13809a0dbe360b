import { unref } from "./timers.ts"

const READINGS = 32
const FRESH_MS = 50

/**
 * A clock for what need not be exact: one reading serves at most 32 calls, and at most 50 ms. Reading the
 * machine's clock costs as much as answering from memory.
 */
export class CoarseClock {
  readonly #nowMs: () => number
  #atMs = 0
  #left = 0
  #isArmed = false

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  nowMs(): number {
    if (this.#left > 0) {
      this.#left -= 1
      return this.#atMs
    }
    this.#atMs = this.#nowMs()
    this.#left = READINGS
    if (!this.#isArmed) this.#arm()
    return this.#atMs
  }

  #arm(): void {
    this.#isArmed = true
    const timer = setTimeout(() => {
      this.#isArmed = false
      this.#left = 0
    }, FRESH_MS)
    unref(timer)
  }
}
