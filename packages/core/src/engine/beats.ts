import { unref } from "./timers.ts"

/** A running hold, as its heartbeat sees it. */
export interface Beating {
  readonly reservation: string
  /** The store does not know of it: it needs no heartbeat, and is counted here where it is forgotten. */
  readonly isLocal: boolean
  readonly lifeMs: number
  readonly isEnded: boolean
  bornAtMs: number
  beatAtMs: number
  beat(): Promise<boolean>
  assume(): Promise<unknown>
}

export interface BeatsOptions {
  readonly monotonicMs: () => number
  /** Nobody's heart beats longer than this: a hold that the host has forgotten must end. */
  readonly maxHoldMs: number
  readonly onWarning: (message: string) => void
}

const LOOK_EACH_MS = 1_000

/**
 * Keeps the holds of long calls alive, by a heartbeat each third of their life; and no longer than the
 * longest life, so that what a host has forgotten is assumed and not held for ever.
 */
export class Beats {
  readonly #options: BeatsOptions
  readonly #running = new Set<Beating>()
  #timer: ReturnType<typeof setInterval> | null = null

  constructor(options: BeatsOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#running.size
  }

  add(held: Beating): void {
    this.#running.add(held)
    if (this.#timer === null) this.#start()
  }

  delete(held: Beating): void {
    this.#running.delete(held)
  }

  /** Looks at all of them once; for tests, else the timer does it. */
  look(): void {
    const nowMs = this.#options.monotonicMs()
    for (const held of this.#running) this.#lookAt(held, nowMs)
    if (this.#running.size > 0 || this.#timer === null) return
    clearInterval(this.#timer)
    this.#timer = null
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
    this.#running.clear()
  }

  #start(): void {
    this.#timer = setInterval(() => this.look(), LOOK_EACH_MS)
    unref(this.#timer)
  }

  #lookAt(held: Beating, nowMs: number): void {
    if (held.bornAtMs === 0) {
      held.bornAtMs = nowMs
      held.beatAtMs = nowMs + held.lifeMs / 3
    }
    if (nowMs - held.bornAtMs >= Math.max(this.#options.maxHoldMs, held.lifeMs)) {
      this.#giveUp(held)
      return
    }
    if (held.isLocal || nowMs < held.beatAtMs) return
    held.beatAtMs = nowMs + held.lifeMs / 3
    held.beat().then(
      (isKnown) => {
        if (!isKnown) this.#running.delete(held)
      },
      () => undefined,
    )
  }

  /** The store lets it expire; what the store does not know of is counted here. */
  #giveUp(held: Beating): void {
    this.#running.delete(held)
    this.#options.onWarning(
      `reservation \`${held.reservation}\` was neither settled nor released: its whole hold counts as spent`,
    )
    if (held.isLocal) void held.assume()
  }
}
