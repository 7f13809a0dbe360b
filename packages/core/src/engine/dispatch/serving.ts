import type { OutboxRow } from "../../ports/Store.ts"
import { unref } from "../timers.ts"

export interface ServingOptions<Told> {
  /** Due rows of one account, so many at most, held for it; none where nothing is due. */
  readonly claim: (limit: number) => Promise<readonly OutboxRow[]>
  readonly tell: (rows: readonly OutboxRow[]) => Promise<Told>
  /** Says in the outbox what became of them. */
  readonly conclude: (rows: readonly OutboxRow[], told: Told) => Promise<void>
  readonly onError: (error: unknown) => void
  readonly stop: AbortSignal
}

/** Accounts that one channel has in hand: a chat that takes a second for each must not be a minute late for the last. */
const ACCOUNTS_AT_ONCE = 4
/**
 * A message that takes longer has another one beside it. While the channel is quicker it tells one account after
 * the other: of what a host was telling when it was killed nobody knows whether it arrived, and it is told again.
 */
const SLOW_MS = 400
/** Rows of one message, and beside messages that are slow: half of what these leave of twice as many, or a few. */
const ROWS_MAX = 16
const ROWS_LEAST = 4

/** Serves one channel: tells account after account until nothing is due, some at once where it is slow. */
export class Serving<Told> {
  readonly #options: ServingOptions<Told>
  /** Each looks for what is due, tells it in its turn, and concludes. */
  readonly #lanes = new Set<Promise<void>>()
  #looking = 0
  #looksAgain = false
  /** Somebody tells, and has not told for long; who comes behind waits. */
  #isTelling = false
  readonly #waiting: (() => void)[] = []
  /** Rows of messages that are slow. */
  #slowRows = 0

  constructor(options: ServingOptions<Told>) {
    this.#options = options
  }

  /** Something may be due: one looks, and where it finds something another looks beside it. */
  wake(): void {
    this.#looksAgain = true
    if (this.#looking > 0 || this.#lanes.size >= ACCOUNTS_AT_ONCE) return
    if (this.#options.stop.aborted) return
    const lane = this.#serve()
      .catch(this.#options.onError)
      .finally(() => {
        this.#lanes.delete(lane)
        // What was written since its last look, while it was ending.
        if (this.#looksAgain) this.wake()
      })
    this.#lanes.add(lane)
  }

  get running(): readonly Promise<void>[] {
    return [...this.#lanes]
  }

  async #serve(): Promise<void> {
    while (!this.#options.stop.aborted) {
      const rows = await this.#look()
      if (rows.length === 0) return
      this.wake()
      await this.#options.conclude(rows, await this.#tell(rows))
    }
  }

  async #look(): Promise<readonly OutboxRow[]> {
    this.#looking += 1
    try {
      for (;;) {
        this.#looksAgain = false
        const left = Math.floor((2 * ROWS_MAX - this.#slowRows) / 2)
        const rows = await this.#options.claim(Math.max(ROWS_LEAST, left))
        if (rows.length > 0 || !this.#looksAgain) return rows
      }
    } finally {
      this.#looking -= 1
    }
  }

  /** What waits for its turn is claimed and not told: who takes over tells it for the first time. */
  async #tell(rows: readonly OutboxRow[]): Promise<Told> {
    if (this.#isTelling) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.#isTelling = true
    let isSlow = false
    const timer = setTimeout(() => {
      isSlow = true
      this.#slowRows += rows.length
      this.#passOn()
    }, SLOW_MS)
    unref(timer)
    try {
      return await this.#options.tell(rows)
    } finally {
      clearTimeout(timer)
      if (isSlow) this.#slowRows -= rows.length
      else this.#passOn()
    }
  }

  #passOn(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#isTelling = false
    else next()
  }
}
