import { dueOf } from "../domain/due.ts"
import type { Account } from "../domain/ledger.ts"
import { leavesMore, type Outcome } from "../domain/outcome.ts"
import { SHARED_DIVISION } from "../domain/subject.ts"
import type { Store } from "../ports/Store.ts"
import { sleep, unref } from "./timers.ts"

export interface SweeperOptions {
  readonly store: Pick<Store, "list">
  /** The divisions that this process has sent something to. */
  readonly known: () => Iterable<string>
  /** Whether the policy divides the ledger. */
  readonly isDivided: () => boolean
  readonly expire: (division: string) => Promise<Outcome>
  readonly monotonicMs: () => number
}

const TURN_EACH_MS = 10_000
const DIVISIONS_PER_TURN = 64
/** A turn starts no further division after this long, so that it delays no decision. */
const TURN_MS = 50
/** Full answers of one division in one turn. */
const ROUNDS_MAX = 256
const DIVISIONS_MAX = 10_000
const ACCOUNTS_PER_TURN = 1_024
const LOOK_THROUGH_EACH_MS = 3_600_000

/**
 * Ends overdue holds and moves accounts that are due, so that it is heard without traffic: every 10
 * seconds in the shared division, and in turn in each division that this process has sent something to or
 * has found something to end in. What a process before this one left there is found by looking through the
 * store's accounts, at start and each hour.
 */
export class Sweeper {
  readonly #options: SweeperOptions
  readonly #divisions = new Set<string>()
  #timer: ReturnType<typeof setInterval> | null = null
  #turn: Promise<void> | null = null
  #isStopped = false
  #cursor: string | undefined
  #looksFromMs = Number.NEGATIVE_INFINITY
  /** The most events that one command wrote since the last Expire was sent. */
  #written = 0

  constructor(options: SweeperOptions) {
    this.#options = options
  }

  start(): void {
    this.#timer ??= setInterval(() => void this.turn(), TURN_EACH_MS)
    unref(this.#timer)
  }

  stop(): void {
    this.#isStopped = true
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
  }

  /** One turn; the one that runs where there is one. A store that does not answer ends it. */
  turn(): Promise<void> {
    this.#turn ??= this.#sweep()
      .catch(() => undefined)
      .finally(() => {
        this.#turn = null
      })
    return this.#turn
  }

  async #sweep(): Promise<void> {
    const { monotonicMs, known, isDivided } = this.#options
    const untilMs = monotonicMs() + TURN_MS
    await this.#end(SHARED_DIVISION)
    for (const division of known()) this.#add(division)
    if (isDivided()) await this.#lookThrough()
    for (const division of [...this.#divisions].slice(0, DIVISIONS_PER_TURN)) {
      if (this.#isStopped || monotonicMs() > untilMs) return
      this.#divisions.delete(division)
      this.#divisions.add(division)
      await this.#end(division)
    }
  }

  /** One command wrote so many events. */
  wrote(count: number): void {
    this.#written = Math.max(this.#written, count)
  }

  /** Ends all that is overdue in a division; others have their turn between two full answers. */
  async #end(division: string): Promise<void> {
    for (let round = 0; round < ROUNDS_MAX && !this.#isStopped; round += 1) {
      this.#written = 0
      const outcome = await this.#options.expire(division)
      if (!leavesMore(outcome, this.#written)) return
      await sleep(0, undefined)
    }
  }

  /** The next page of accounts: what may have to end or move by itself is remembered by its division. */
  async #lookThrough(): Promise<void> {
    const nowMs = this.#options.monotonicMs()
    if (nowMs < this.#looksFromMs) return
    const after = this.#cursor === undefined ? {} : { after: this.#cursor }
    const page = await this.#options.store.list({ ...after, limit: ACCOUNTS_PER_TURN })
    for (const account of page.items) if (mayEnd(account)) this.#add(account.division)
    this.#cursor = page.items.length < ACCOUNTS_PER_TURN ? undefined : (page.next ?? undefined)
    if (this.#cursor === undefined) this.#looksFromMs = nowMs + LOOK_THROUGH_EACH_MS
  }

  #add(division: string): void {
    if (division === SHARED_DIVISION || this.#divisions.has(division)) return
    const oldest = this.#divisions.values().next()
    if (this.#divisions.size >= DIVISIONS_MAX && oldest.done !== true)
      this.#divisions.delete(oldest.value)
    this.#divisions.add(division)
  }
}

/** Whether something of the account may have to end, or moves by itself. */
export const mayEnd = (account: Account): boolean =>
  dueOf(account) !== null || account.meters.some(({ held }) => held > 0)
