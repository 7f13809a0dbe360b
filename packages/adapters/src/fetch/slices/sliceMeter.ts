import type { Admitted, Refused } from "@spendfuse/core"
import type { Slicing } from "./slicing.ts"

/** Why a stream must end: the refusal to hold more, or the fault for which nobody could decide. */
export type Cause = Refused | { readonly allowed: false; readonly fault: unknown }

/**
 * Counts what a stream writes against what is held for it, and holds more: in the background when half a slice
 * is left, and before an event that would pass the hold. It refuses what does not fit, once and for all.
 */
export class SliceMeter {
  readonly #decision: Admitted
  readonly #slicing: Slicing
  readonly #onStop: () => void
  readonly #limitTokens: number
  /** What no event shows. */
  readonly #unseen: number
  #written: number
  /** The provider's own count, and what was written since: the better bound, where it is told. */
  #told: number | null = null
  #sinceTold = 0
  #asking: Promise<void> | null = null
  /** Less than a slice was to be had: nothing more is asked for until it is used up. */
  #isLow = false
  #cause: Cause | null = null
  /** The last answer that was not enough. */
  #refusal: Cause = { allowed: false, fault: null }

  /** @param onStop called where a switch or a circuit ends the stream between two events */
  constructor(decision: Admitted, slicing: Slicing, onStop: () => void) {
    this.#decision = decision
    this.#slicing = slicing
    this.#onStop = onStop
    this.#limitTokens = decision.maxOutputTokens ?? 0
    this.#unseen = slicing.choices * (START_TOKENS + slicing.unseenTokens)
    this.#written = this.#unseen
  }

  /** Set where the stream must end. */
  get cause(): Cause | null {
    return this.#cause
  }

  /** Output tokens of all choices that are held by now. */
  get held(): number {
    return this.#decision.heldTokens * this.#slicing.choices
  }

  /** Output tokens of all choices that have passed, at most. */
  get counted(): number {
    return Math.min(this.#bound(0), this.#limitTokens * this.#slicing.choices)
  }

  /** The provider says how much it has written so far. */
  tell(tokens: number): void {
    if (this.#told !== null && tokens <= this.#told) return
    this.#told = tokens
    this.#sinceTold = 0
  }

  /** Whether an event may pass that writes at most so many tokens: at once, or when more is held. */
  admit(tokens: number): boolean | Promise<boolean> {
    if (this.#cause !== null) return false
    if (tokens === 0 || this.#fits(tokens)) return this.#pass(tokens)
    return this.#reach(tokens)
  }

  #bound(tokens: number): number {
    const written = this.#written + tokens
    if (this.#told === null) return written
    const told = this.#told + this.#sinceTold + tokens + this.#unseen
    return this.#told > this.#written ? told : Math.min(written, told)
  }

  /** A provider keeps to the limit that it was sent: where all of it is held, nothing can pass the hold. */
  #fits(tokens: number): boolean {
    return this.#rest <= 0 || this.#bound(tokens) <= this.held
  }

  get #rest(): number {
    return this.#limitTokens - this.#decision.heldTokens
  }

  #pass(tokens: number): true {
    this.#written += tokens
    this.#sinceTold += tokens
    const { sliceTokens, choices } = this.#slicing
    const isNear = this.held - this.#bound(0) < (sliceTokens * choices) / 2
    if (isNear && !this.#isLow && this.#asking === null && this.#rest > 0) void this.#ask(1)
    return true
  }

  async #reach(tokens: number): Promise<boolean> {
    if (this.#asking !== null) await this.#asking
    if (this.#cause === null && !this.#fits(tokens)) {
      const missing = Math.ceil((this.#bound(tokens) - this.held) / this.#slicing.choices)
      await this.#ask(missing)
      if (this.#cause === null && !this.#fits(tokens)) this.#cause = this.#refusal
    }
    return this.#cause === null && this.#pass(tokens)
  }

  #ask(missing: number): Promise<void> {
    const least = Math.min(missing, this.#rest)
    const most = Math.max(least, Math.min(this.#slicing.sliceTokens, this.#rest))
    this.#asking = this.#extend(least, most).finally(() => {
      this.#asking = null
    })
    return this.#asking
  }

  async #extend(least: number, most: number): Promise<void> {
    try {
      const extended = await this.#decision.extend({ least, most })
      this.#isLow = !extended.allowed || extended.tokens < most
      if (extended.allowed) return
      this.#refusal = extended
      if (!STOPS.has(extended.reason)) return
      this.#cause = extended
      this.#onStop()
    } catch (fault) {
      this.#isLow = true
      this.#refusal = { allowed: false, fault }
    }
  }
}

/** What an answer writes that no event shows: its beginning and its end. */
const START_TOKENS = 16

/** A person's word, or a circuit: a stream does not go on to the end of what is held. */
const STOPS: ReadonlySet<string> = new Set(["switched-off", "latched", "open"])
