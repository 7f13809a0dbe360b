import type { Command, CommandId } from "../domain/command.ts"
import { IN_FLIGHT_MAX, SKEW_MAX_MS } from "../domain/command.ts"
import type { Outcome } from "../domain/outcome.ts"
import { StoreUnavailable } from "../ports/errors.ts"
import type { Applied, Store } from "../ports/Store.ts"

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never

/** A command without what the sender numbers. */
export type Unsent = DistributiveOmit<Command, "id" | "done">

/** A command that was numbered, and may be sent again as it is. */
export interface Numbered {
  readonly command: Command
  /** By the monotonic clock. */
  readonly firstSentAtMs: number
}

export interface SenderOptions {
  readonly store: Store
  /** Random at start: names this process. */
  readonly newSource: () => string
  readonly nowMs: () => number
  readonly monotonicMs: () => number
  readonly deadlineMs: number
  readonly onWarning: (message: string) => void
  readonly onEvents: () => void
}

interface DivisionState {
  n: number
  done: number
  /** Answered numbers above `done`. */
  readonly answered: Set<number>
  readonly waiting: (() => void)[]
}

const SKEW_WARNED_MS = 1_000
const DIVISIONS_MAX = 10_000

/**
 * The one way to a store: numbers each command per division, carries `done`, follows the store's clock,
 * and says `StoreUnavailable` after the deadline. What was not answered keeps its number unanswered until
 * `resend` gets an answer or `abandon` gives it up.
 */
export class Sender {
  readonly #options: SenderOptions
  #divisions = new Map<string, DivisionState>()
  #source: string
  #offsetMs = 0
  #warnedSkew = false

  constructor(options: SenderOptions) {
    this.#options = options
    this.#source = options.newSource()
  }

  get source(): string {
    return this.#source
  }

  /** The store's clock as far as it is known. Epoch milliseconds. */
  issuedAtMs(): number {
    return this.#options.nowMs() + this.#offsetMs
  }

  /** Under a new name from here on: the store does not know the old one. */
  rename(): void {
    this.#source = this.#options.newSource()
    this.#divisions = new Map()
  }

  /** Numbers the command; waits where 1,024 of its division are unanswered. */
  number(unsent: Unsent): Numbered | Promise<Numbered> {
    const division = this.#division(unsent.division)
    if (division.n - division.done < IN_FLIGHT_MAX) return this.#numbered(unsent, division)
    return new Promise<void>((resolve) => division.waiting.push(resolve)).then(() =>
      this.number(unsent),
    )
  }

  /** Sends it, at once where the store lives in this process. */
  send(numbered: Numbered, signal?: AbortSignal): Outcome | Promise<Outcome> {
    const { store } = this.#options
    if (store.applyNow !== undefined)
      return this.#answered(numbered.command, store.applyNow(numbered.command))
    return this.#sendAsync(numbered, signal)
  }

  /** Its answer is no longer waited for; its number counts as answered. */
  abandon({ command }: Numbered): void {
    this.#markAnswered(command.id, command.division)
  }

  async #sendAsync({ command }: Numbered, signal: AbortSignal | undefined): Promise<Outcome> {
    const { store, deadlineMs } = this.#options
    const deadline = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new StoreUnavailable(store.name, `no answer within ${deadlineMs} ms`))
        deadline.abort()
      }, deadlineMs)
    })
    const stop = signal === undefined ? deadline.signal : AbortSignal.any([signal, deadline.signal])
    try {
      const [applied] = await Promise.race([store.apply([command], stop), late])
      if (applied === undefined) throw new StoreUnavailable(store.name, "it gave no answer")
      return this.#answered(command, applied)
    } finally {
      clearTimeout(timer)
    }
  }

  #answered(command: Command, applied: Applied): Outcome {
    this.#follow(applied.storeTimeMs)
    this.#markAnswered(command.id, command.division)
    if (applied.eventsWritten > 0) this.#options.onEvents()
    return applied.outcome
  }

  /** Follows the store's clock within 10 minutes; beyond, the store is not to be trusted by this host. */
  #follow(storeTimeMs: number): void {
    const skewMs = storeTimeMs - this.#options.nowMs()
    if (skewMs > SKEW_MAX_MS || skewMs < -SKEW_MAX_MS)
      throw new StoreUnavailable(this.#options.store.name, "clock-jump: over 10 minutes from here")
    this.#offsetMs = skewMs
    if (!this.#warnedSkew && (skewMs > SKEW_WARNED_MS || skewMs < -SKEW_WARNED_MS)) {
      this.#warnedSkew = true
      this.#options.onWarning(`the store's clock is ${skewMs} ms from this host's`)
    }
  }

  #numbered(unsent: Unsent, division: DivisionState): Numbered {
    division.n += 1
    const id = { source: this.#source, n: division.n }
    return {
      command: { ...unsent, id, done: division.done } as Command,
      firstSentAtMs: this.#options.monotonicMs(),
    }
  }

  #markAnswered(id: CommandId, name: string): void {
    const division = this.#divisions.get(name)
    if (division === undefined || id.source !== this.#source) return
    if (id.n === division.done + 1) division.done = id.n
    else if (id.n > division.done) division.answered.add(id.n)
    while (division.answered.delete(division.done + 1)) division.done += 1
    division.waiting.shift()?.()
  }

  #division(name: string): DivisionState {
    const found = this.#divisions.get(name)
    if (found !== undefined) return found
    if (this.#divisions.size >= DIVISIONS_MAX) this.#forgetIdle()
    const made: DivisionState = { n: 0, done: 0, answered: new Set(), waiting: [] }
    this.#divisions.set(name, made)
    return made
  }

  /** A division without unanswered commands may be forgotten only with the source's name. */
  #forgetIdle(): void {
    for (const { n, done } of this.#divisions.values()) if (n !== done) return
    this.rename()
  }
}
