import type { Admitted, Settlement } from "@spendfuse/core"

export interface OpenCallsOptions {
  /** A call of which nothing was heard for this long is counted whole. Milliseconds. */
  readonly silenceMs: number
  /** Told where the spend of a call could not be counted at all. */
  readonly onUncounted: (error: unknown) => void
}

/** The admitted calls of a guarded `fetch`, from their reservation to their end. */
export class OpenCalls {
  readonly #options: OpenCallsOptions
  readonly #open = new Set<OpenCall>()
  readonly #waiting: (() => void)[] = []
  #settling = 0
  #timer: ReturnType<typeof setInterval> | null = null

  constructor(options: OpenCallsOptions) {
    this.#options = options
  }

  add(decision: Admitted): OpenCall {
    const call = new OpenCall(decision, this)
    this.#open.add(call)
    this.#timer ??= unref(setInterval(() => this.#sweep(), this.#options.silenceMs / 4))
    return call
  }

  /** Resolves when no call that has ended is still being settled. */
  async idle(): Promise<void> {
    while (this.#settling > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** What cannot be settled as it is counts whole; what cannot be counted is told. Never rejects. */
  async end(call: OpenCall, end: () => Promise<unknown>): Promise<void> {
    this.#open.delete(call)
    this.#settling += 1
    try {
      await end()
    } catch {
      try {
        await call.decision.assume()
      } catch (error) {
        this.#options.onUncounted(error)
      }
    }
    this.#settling -= 1
    if (this.#settling === 0) for (const resolve of this.#waiting.splice(0)) resolve()
  }

  #sweep(): void {
    const nowMs = performance.now()
    for (const call of this.#open)
      if (nowMs - call.heardAtMs >= this.#options.silenceMs) void call.settle(unknown)
    if (this.#open.size > 0 || this.#timer === null) return
    clearInterval(this.#timer)
    this.#timer = null
  }
}

/** One admitted call: the first settle or release ends it, and no other counts. */
export class OpenCall {
  readonly decision: Admitted
  /** When something was heard of it: its answer, a chunk. Of the monotonic clock. */
  heardAtMs: number = performance.now()
  readonly #calls: OpenCalls
  #ended: Promise<void> | null = null

  constructor(decision: Admitted, calls: OpenCalls) {
    this.decision = decision
    this.#calls = calls
  }

  heard(): void {
    this.heardAtMs = performance.now()
  }

  /** What is known is settled; where nothing is, the whole hold counts as spent. */
  settle(known: () => Settlement | null): Promise<void> {
    this.#ended ??= this.#calls.end(this, () => {
      const settlement = known()
      return settlement === null ? this.decision.assume() : this.decision.settle(settlement)
    })
    return this.#ended
  }

  /** The call is proven free. */
  release(): Promise<void> {
    this.#ended ??= this.#calls.end(this, () => this.decision.release())
    return this.#ended
  }
}

/** Nobody knows what a call did cost. */
export const unknown = (): null => null

const unref = (timer: ReturnType<typeof setInterval>): ReturnType<typeof setInterval> => {
  if (typeof timer === "object" && "unref" in timer) timer.unref()
  return timer
}
