import type { OutboxRow } from "../ports/Store.ts"
import { unref } from "./timers.ts"

export interface ServingOptions<Told> {
  /** Due rows of one account, so many at most, held for it; none where nothing is due. */
  readonly claim: (limit: number) => Promise<readonly OutboxRow[]>
  readonly tell: (rows: readonly OutboxRow[]) => Promise<Told>
  /** Says in the outbox what became of them. */
  readonly conclude: (rows: readonly OutboxRow[], told: Told) => Promise<void>
  readonly onError: (error: unknown) => void
  readonly stop: AbortSignal
}

/** Accounts that one channel tells at once: a chat that takes a second for each must not be a minute late for the last. */
const ACCOUNTS_AT_ONCE = 4
/**
 * A message that takes longer has another one beside it. While the channel is quicker it tells one account after
 * the other: of what a host was telling when it was killed nobody knows whether it arrived, and it is told again.
 */
const SLOW_MS = 400
/** Rows that are told at once, those of all accounts together: each message takes half of what is left, or a few. */
const ROWS_AT_ONCE = 32
const ROWS_LEAST = 4

/** Serves one channel: tells account after account until nothing is due, some at once where it is slow. */
export class Serving<Told> {
  readonly #options: ServingOptions<Told>
  /** Each looks for what is due, tells it, and concludes. */
  readonly #lanes = new Set<Promise<void>>()
  /** Lanes that look, or have not told for long: while there is one, no other begins. */
  #fresh = 0
  #looking = 0
  /** Rows that are being told. */
  #telling = 0
  #looksAgain = false

  constructor(options: ServingOptions<Told>) {
    this.#options = options
  }

  /** Something may be due. */
  wake(): void {
    if (this.#looking > 0) this.#looksAgain = true
    if (this.#fresh > 0 || this.#lanes.size >= ACCOUNTS_AT_ONCE) return
    if (this.#options.stop.aborted) return
    const lane = this.#serve()
      .catch(this.#options.onError)
      .finally(() => this.#lanes.delete(lane))
    this.#lanes.add(lane)
  }

  get running(): readonly Promise<void>[] {
    return [...this.#lanes]
  }

  async #serve(): Promise<void> {
    while (!this.#options.stop.aborted) {
      const rows = await this.#look()
      if (rows.length === 0) return
      await this.#options.conclude(rows, await this.#tell(rows))
      if (this.#fresh === 0) continue
      // Another one goes on. What it found before these were concluded is not all that is due now.
      this.#looksAgain = true
      return
    }
  }

  /** While it looks it is fresh; having found something it stays so, to tell it. */
  async #look(): Promise<readonly OutboxRow[]> {
    this.#fresh += 1
    this.#looking += 1
    let rows: readonly OutboxRow[] = []
    try {
      do {
        this.#looksAgain = false
        rows = await this.#options.claim(this.#share)
      } while (rows.length === 0 && this.#looksAgain)
      return rows
    } finally {
      this.#looking -= 1
      if (rows.length === 0) this.#fresh -= 1
    }
  }

  get #share(): number {
    return Math.max(ROWS_LEAST, Math.floor((ROWS_AT_ONCE - this.#telling) / 2))
  }

  /** The next one begins when this is told or slow; to conclude takes the time of its first look. */
  async #tell(rows: readonly OutboxRow[]): Promise<Told> {
    this.#telling += rows.length
    let isFresh = true
    const next = (): void => {
      if (!isFresh) return
      isFresh = false
      this.#fresh -= 1
      this.wake()
    }
    const timer = setTimeout(next, SLOW_MS)
    unref(timer)
    try {
      return await this.#options.tell(rows)
    } finally {
      clearTimeout(timer)
      this.#telling -= rows.length
      next()
    }
  }
}
