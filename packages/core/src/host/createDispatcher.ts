import type { Expire } from "../domain/command.ts"
import type { Account } from "../domain/ledger.ts"
import { leavesMore } from "../domain/outcome.ts"
import { SHARED_DIVISION } from "../domain/subject.ts"
import { describe } from "../engine/dispatch/delivering.ts"
import { Dispatcher } from "../engine/dispatch/dispatcher.ts"
import type { Notice } from "../engine/notice.ts"
import { mayEnd } from "../engine/sweeper.ts"
import type { Notifier } from "../ports/Notifier.ts"
import type { Page, Store } from "../ports/Store.ts"
import { heardBy } from "./heard.ts"

/** What a dispatcher that stands alone needs: a store, and who hears its channels. No policy: it decides nothing. */
export interface DispatcherAloneOptions {
  /** Its own: whoever opens it closes it. */
  readonly store: Store
  /** By channel; where one cannot deliver, the next in this order hears of it. */
  readonly notifiers: Readonly<Record<string, Notifier>>
  /** What an operator should know; warnings to the console unless given. */
  readonly onNotice?: (notice: Notice) => void
  /** For tests: the wall clock (epoch milliseconds), randomness in [0, 1). */
  readonly nowMs?: () => number
  readonly random?: () => number
}

/** Tells what the outbox holds, and moves what moves by itself, so that it is heard where no host does. */
export interface DispatcherAlone extends AsyncDisposable {
  /** Goes on until `close`: looks at the outbox each second, and for what is due each 10 seconds. */
  readonly start: () => void
  /**
   * Moves what is due, delivers what is due, and resolves when nothing more is: for cron, or a worker's scheduled
   * handler. What could not be delivered waits in the outbox.
   *
   * @throws StoreUnavailable
   */
  readonly once: () => Promise<void>
  /** Delivers what it can within 5 seconds, and ends; the store stays open. */
  readonly close: () => Promise<void>
}

const SWEEP_EACH_MS = 10_000
/** A look through all accounts comes so long after the one before, and after so many times what that took. */
const LOOK_EACH_MS = 60_000
const LOOK_PAUSE = 20
const PAGE = 1_024
/** Full answers of one division in one turn. */
const ROUNDS_MAX = 256

/**
 * A dispatcher without a fuse: it brings the outbox of a store to its notifiers, ends overdue holds and moves
 * circuits, escalations and periods whose time is over. Any number may run beside each other and beside hosts.
 *
 * @example await createDispatcher({ store, notifiers: { chat: slack({ webhookUrl }) } }).once()
 */
export const createDispatcher = (options: DispatcherAloneOptions): DispatcherAlone => {
  const { store, notifiers } = options
  const onNotice = heardBy(options.onNotice)
  const dispatcher = new Dispatcher({
    store,
    notifiers,
    onEvent: undefined,
    onNotice,
    nowMs: options.nowMs ?? Date.now,
    random: options.random ?? Math.random,
  })
  const sweeping = new Sweeping(store, () => dispatcher.wake())
  const turns = new Turns(() =>
    sweeping.turn().catch((error: unknown) =>
      onNotice({
        kind: "warning",
        message: `what is due could not be moved: ${describe(error)}`,
      }),
    ),
  )
  let stopListening: (() => void) | undefined
  const close = async (): Promise<void> => {
    stopListening?.()
    await turns.stop()
    await dispatcher.close()
  }
  return {
    start: () => {
      stopListening ??= store.listen?.(() => dispatcher.wake())
      dispatcher.start()
      dispatcher.wake()
      turns.start()
    },
    once: async () => {
      await sweeping.turn()
      await dispatcher.drain()
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** One turn at a time, the next one a while after it. */
class Turns {
  readonly #turn: () => Promise<void>
  #timer: ReturnType<typeof setTimeout> | undefined
  #running: Promise<void> = Promise.resolve()
  #isOver = false

  constructor(turn: () => Promise<void>) {
    this.#turn = turn
  }

  start(): void {
    this.#running = this.#turn().then(() => {
      if (!this.#isOver) this.#timer = setTimeout(() => this.start(), SWEEP_EACH_MS)
    })
  }

  async stop(): Promise<void> {
    this.#isOver = true
    clearTimeout(this.#timer)
    await this.#running
  }
}

/** Ends and moves what is due, by an Expire to each division that has something of the kind. */
class Sweeping {
  readonly #store: Store
  readonly #onMoved: () => void
  /** The command numbers of each division. */
  readonly #sources = new Map<string, { readonly name: string; n: number }>()
  #found: ReadonlySet<string> = new Set([SHARED_DIVISION])
  #looksFromMs = 0

  constructor(store: Store, onMoved: () => void) {
    this.#store = store
    this.#onMoved = onMoved
  }

  /** Looks through all accounts first, unless that was done a moment ago: it costs a store something. */
  async turn(): Promise<void> {
    const startMs = performance.now()
    if (startMs >= this.#looksFromMs) {
      this.#found = await this.#look()
      const tookMs = performance.now() - startMs
      this.#looksFromMs = performance.now() + Math.max(LOOK_EACH_MS, tookMs * LOOK_PAUSE)
    }
    for (const division of this.#found) await this.#expire(division)
  }

  async #look(): Promise<ReadonlySet<string>> {
    const divisions = new Set([SHARED_DIVISION])
    for (let after: string | undefined; ; ) {
      const page: Page<Account> = await this.#store.list({
        limit: PAGE,
        ...(after !== undefined && { after }),
      })
      for (const account of page.items) if (mayEnd(account)) divisions.add(account.division)
      if (page.items.length < PAGE || page.next === null) return divisions
      after = page.next
    }
  }

  async #expire(division: string): Promise<void> {
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const source = this.#sources.get(division) ?? { name: crypto.randomUUID(), n: 0 }
      this.#sources.set(division, source)
      source.n += 1
      const id = { source: source.name, n: source.n }
      const command: Expire = { kind: "expire", id, done: source.n - 1, division }
      const [applied] = await this.#store.apply([command])
      const { outcome, eventsWritten = 0 } = applied ?? {}
      if (eventsWritten > 0) this.#onMoved()
      // A store that has forgotten the source learns a new one at the next turn.
      if (outcome?.kind === "error") this.#sources.delete(division)
      if (outcome === undefined || !leavesMore(outcome, eventsWritten)) return
    }
  }
}
