import type { Command, CommandId } from "../domain/command.ts"
import { SKEW_MAX_MS, SOURCE_KEPT_MS } from "../domain/command.ts"
import type { Outcome } from "../domain/outcome.ts"
import { StoreCorrupt, StoreUnavailable } from "../ports/errors.ts"
import type { Applied, Store } from "../ports/Store.ts"
import { Division, type Head } from "./division.ts"

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never

/** A command without what the sender numbers. */
export type Unsent = DistributiveOmit<Command, "id" | "done">

/** A command that was numbered, and may be sent again as it is. */
export interface Numbered {
  readonly command: Command
  /** By the monotonic clock; 0 where the store lives in this process and answers at once. */
  readonly firstSentAtMs: number
  /** The highest `done` of its division that the store had answered to when this was numbered. */
  readonly told?: number
}

export interface SenderOptions {
  readonly store: Store
  /** Random at start: names this process. */
  readonly newSource: () => string
  readonly nowMs: () => number
  readonly monotonicMs: () => number
  readonly deadlineMs: number
  readonly onWarning: (message: string) => void
  readonly onEvents: (count: number) => void
  /** The store has lost what it had answered. Called before the answer is used. */
  readonly onRewound: (message: string) => void
}

const SKEW_WARNED_MS = 1_000
const DIVISIONS_MAX = 10_000

/**
 * The one way to a store: numbers each command per division, carries `done`, follows the store's clock,
 * and says `StoreUnavailable` after the deadline. What was not answered keeps its number unanswered until
 * the same command is sent again and answered, or `abandon` gives it up.
 */
export class Sender {
  readonly #options: SenderOptions
  #divisions = new Map<string, Division>()
  /** Under this name and those before; the oldest are forgotten. */
  readonly #names = new Set<string>()
  #last: Division | null = null
  #source: string
  #offsetMs = 0
  #atMs = 0
  #warnedSkew = false

  constructor(options: SenderOptions) {
    this.#options = options
    this.#source = options.newSource()
  }

  get source(): string {
    return this.#source
  }

  /** The divisions that something was sent to, at most 10,000. */
  get divisions(): ReadonlySet<string> {
    return this.#names
  }

  /** The store's clock as far as it is known. Epoch milliseconds. */
  issuedAtMs(): number {
    this.#atMs = this.#options.nowMs()
    return this.#atMs + this.#offsetMs
  }

  /** The next number of a division; null where 1,024 of it are unanswered: wait for `room`. */
  take(division: string): Head | null {
    return this.#division(division).take(this.#source)
  }

  /**
   * Resolves when the division has a number free. Where none comes free within the deadline, one that is
   * unanswered for long holds up the others (a lost Reserve whose call still runs, or whose Release needs a
   * number itself): then the process goes on under a new name. Rejects with the signal's reason.
   */
  room(division: string, signal?: AbortSignal): Promise<void> {
    const { deadlineMs } = this.#options
    const onLate = (): void => {
      if (this.#division(division).isFull) this.#rename()
    }
    return this.#division(division).room({ deadlineMs, onLate, signal })
  }

  /** What may be sent, and sent again. */
  numbered(command: Command): Numbered {
    if (this.#options.store.applyNow !== undefined) return { command, firstSentAtMs: 0 }
    const { told } = this.#division(command.division)
    return { command, firstSentAtMs: this.#options.monotonicMs(), told }
  }

  /** Numbers the command; waits where none is free. */
  number(unsent: Unsent): Numbered | Promise<Numbered> {
    const head = this.take(unsent.division)
    if (head !== null) return this.numbered({ ...unsent, ...head } as Command)
    return this.room(unsent.division).then(() => this.number(unsent))
  }

  /** Sends it, at once where the store lives in this process. */
  send(numbered: Numbered, signal?: AbortSignal): Outcome | Promise<Outcome> {
    const { store } = this.#options
    if (store.applyNow === undefined) return this.#sendAsync(numbered, signal)
    const { command } = numbered
    let applied: Applied
    try {
      applied = store.applyNow(command)
    } catch (error) {
      throw this.#asFault(error)
    }
    if (command.kind === "reserve") this.#follow(applied.storeTimeMs, this.#atMs)
    return this.#answered(numbered, applied)
  }

  /** Its answer is no longer waited for; its number counts as answered. */
  abandon({ command }: Numbered): void {
    if (command.id.source === this.#source)
      this.#divisions.get(command.division)?.answered(command.id.n)
  }

  /**
   * Whether the answer says that numbers under this name are not taken. Then the process goes on under a
   * new name, and what was asked must be asked anew.
   */
  isRenamed(outcome: Outcome, id: CommandId, division: string): boolean {
    if (outcome.kind !== "error" || !RENAMING.has(outcome.error)) return false
    if (id.source !== this.#source) return true
    const quietMs = this.#options.nowMs() - (this.#divisions.get(division)?.answeredAtMs ?? 0)
    this.#rename()
    if (outcome.error === "conflict")
      this.#options.onWarning(
        "another process used this one's numbers: it goes on under a new name",
      )
    else if (outcome.error === "already-answered" || quietMs < SOURCE_KEPT_MS)
      this.#options.onRewound(
        `the store answered \`${outcome.error}\`: it was restored, or failed over`,
      )
    return true
  }

  /** A replayed admission belongs to whoever asked first under this name: it is never used here. */
  disown(): void {
    this.#rename()
    this.#options.onWarning(
      "the store had answered a new command before: it goes on under a new name",
    )
  }

  #sendAsync(numbered: Numbered, signal: AbortSignal | undefined): Promise<Outcome> {
    const { store, deadlineMs } = this.#options
    return new Promise((resolve, reject) => {
      const stop = new AbortController()
      let isOver = false
      const over = (): boolean => {
        if (isOver) return false
        isOver = true
        clearTimeout(timer)
        signal?.removeEventListener("abort", onAbort)
        return true
      }
      const give = (error: unknown): void => {
        if (!over()) return
        reject(error)
        stop.abort()
      }
      const onAbort = (): void => give(signal?.reason)
      const timer = setTimeout(
        () => give(new StoreUnavailable(store.name, `no answer within ${deadlineMs} ms`)),
        deadlineMs,
      )
      if (signal?.aborted === true) return onAbort()
      signal?.addEventListener("abort", onAbort, { once: true })
      // An answer after the deadline is not used: what was asked is undone or sent again by its number.
      const answer = ([applied]: readonly Applied[]): void => {
        if (!over()) return
        if (applied === undefined) throw new StoreUnavailable(store.name, "it gave no answer")
        this.#follow(applied.storeTimeMs, this.#options.nowMs())
        resolve(this.#answered(numbered, applied))
      }
      store
        .apply([numbered.command], stop.signal)
        .then(answer)
        .catch((error: unknown) => {
          over()
          reject(this.#asFault(error))
        })
    })
  }

  /** Whatever a driver throws means that nobody knows what became of the command. */
  #asFault(error: unknown): Error {
    if (error instanceof StoreUnavailable || error instanceof StoreCorrupt) return error
    return new StoreUnavailable(this.#options.store.name, error)
  }

  #answered({ command, told = 0 }: Numbered, applied: Applied): Outcome {
    const { id } = command
    if (id.source === this.#source) {
      const division = this.#division(command.division)
      division.answered(id.n)
      division.tell(command.done, applied.outcome.kind === "error", this.#atMs)
    }
    if (applied.eventsWritten > 0) this.#options.onEvents(applied.eventsWritten)
    if (applied.done !== undefined && applied.done < told)
      this.#options.onRewound(
        "the store is behind what it had answered: it was restored, or failed over",
      )
    return applied.outcome
  }

  /** Follows the store's clock within 10 minutes; beyond, the store is not to be trusted by this host. */
  #follow(storeTimeMs: number, nowMs: number): void {
    const skewMs = storeTimeMs - nowMs
    if (skewMs > SKEW_MAX_MS || skewMs < -SKEW_MAX_MS)
      throw new StoreUnavailable(this.#options.store.name, "clock-jump: over 10 minutes from here")
    this.#offsetMs = skewMs
    if (!this.#warnedSkew && (skewMs > SKEW_WARNED_MS || skewMs < -SKEW_WARNED_MS)) {
      this.#warnedSkew = true
      this.#options.onWarning(`the store's clock is ${skewMs} ms from this host's`)
    }
  }

  #rename(): void {
    const before = this.#divisions
    this.#source = this.#options.newSource()
    this.#divisions = new Map()
    this.#last = null
    for (const division of before.values()) division.leave()
  }

  #division(name: string): Division {
    if (this.#last !== null && this.#last.name === name) return this.#last
    let division = this.#divisions.get(name)
    if (division === undefined) {
      if (this.#divisions.size >= DIVISIONS_MAX) this.#forgetIdle()
      division = new Division(name)
      this.#divisions.set(name, division)
      this.#remember(name)
    }
    this.#last = division
    return division
  }

  #remember(name: string): void {
    const oldest = this.#names.values().next()
    if (this.#names.size >= DIVISIONS_MAX && oldest.done !== true) this.#names.delete(oldest.value)
    this.#names.add(name)
  }

  /** A division's numbers may be forgotten only with the source's name. */
  #forgetIdle(): void {
    for (const division of this.#divisions.values()) if (!division.isIdle) return
    this.#rename()
  }
}

const RENAMING: ReadonlySet<string> = new Set(["unknown-source", "already-answered", "conflict"])
