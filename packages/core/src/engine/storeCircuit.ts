export interface StoreCircuitOptions {
  readonly monotonicMs: () => number
  readonly random: () => number
  /** How long one try may take. */
  readonly deadlineMs: number
}

/** Failures in a row, with no answer between, after which the store is not asked for each call. */
const FAILURES = 3
const COOL_DOWN_MS = 500

/**
 * A circuit on the store itself, so that a dead store does not cost each call the deadline: after three
 * failures in a row one call asks about every second, and the others are decided without it.
 */
export class StoreCircuit {
  readonly #options: StoreCircuitOptions
  #failures = 0
  #untilMs = 0
  #answers = 0

  constructor(options: StoreCircuitOptions) {
    this.#options = options
  }

  get isClosed(): boolean {
    return this.#failures < FAILURES
  }

  /** Whether this call is decided without the store; where not, while it is open, this call is the one that asks. */
  refuses(): boolean {
    if (this.#failures < FAILURES) return false
    const { monotonicMs, deadlineMs } = this.#options
    const nowMs = monotonicMs()
    if (nowMs < this.#untilMs) return true
    this.#untilMs = nowMs + COOL_DOWN_MS + deadlineMs
    return false
  }

  failed(): void {
    this.#failures += 1
    if (this.#failures < FAILURES) return
    const { monotonicMs, random } = this.#options
    this.#untilMs = monotonicMs() + COOL_DOWN_MS * (1 + random())
  }

  /** Counts its answers. */
  get answers(): number {
    return this.#answers
  }

  hasAnsweredSince(answers: number): boolean {
    return this.#answers > answers
  }

  answered(): void {
    this.#answers += 1
    if (this.#failures > 0) this.#failures = 0
  }
}
