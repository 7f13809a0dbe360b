import type { Line } from "../domain/command.ts"
import type { Asked } from "./asked.ts"
import type { Decision, Refused } from "./decision.ts"
import { Queues, type Turn } from "./queues.ts"

export interface WaitingOptions {
  readonly monotonicMs: () => number
  readonly random: () => number
  readonly attempt: (asked: Asked) => Decision | Promise<Decision>
}

const RETRY_FIRST_MS = 25
const RETRY_MAX_MS = 250
/** The longest that a timer runs. */
const TIMER_MAX_MS = 2 ** 31 - 1
/** Who was sent about so often keeps all the places that it has. */
const MOVES_MAX = 8

/**
 * Queues of callers that found accounts `busy`. Only the first of a queue asks again: when something was
 * given back in this process, or after a jittered moment, since others may have given back elsewhere. Who
 * comes later goes behind; who could not be helped by any wait is told at once.
 *
 * A caller stands at the accounts that it last found busy, by its arrival, and at no other: so it hears of
 * what it waits for, and holds up nobody where there is room. Nobody asks past an older one that waits at
 * an account of its own.
 */
export class Waiting {
  readonly #options: WaitingOptions
  readonly #queues = new Queues()
  #tickets = 0
  #given = 0
  #closed: Error | null = null

  constructor(options: WaitingOptions) {
    this.#options = options
  }

  get isEmpty(): boolean {
    return this.#queues.isEmpty
  }

  /** Counts what was given back: whoever found an account busy meanwhile asks again at once. */
  get given(): number {
    return this.#given
  }

  /** The account whose queue a newcomer must join, because others wait there; null where no wait would help. */
  queueOf(asked: Asked, lines: readonly Line[]): string | null {
    return this.#ahead(asked, lines, Number.POSITIVE_INFINITY)
  }

  /**
   * The decision as it is, unless it is `busy` and the caller waits.
   *
   * @param given what `given` was before it was asked
   */
  orWait(
    asked: Asked,
    decided: Decision,
    waitMs: number,
    given: number,
  ): Decision | Promise<Decision> {
    if (decided.allowed || decided.reason !== "busy" || waitMs <= 0) return decided
    const turn = this.#newTurn()
    this.#move(turn, decided, given)
    return this.#wait(turn, asked, decided.lines, waitMs)
  }

  /** Waits in the account's queue; the last answer where the time is over. Rejects with the signal's reason. */
  wait(asked: Asked, lines: readonly Line[], account: string, waitMs: number): Promise<Decision> {
    const turn = this.#newTurn()
    this.#queues.enter(turn, account)
    return this.#wait(turn, asked, lines, waitMs)
  }

  /** Something was given back on these lines: the first in each queue asks now. */
  wake(lines: readonly Line[]): void {
    this.#given += 1
    if (this.isEmpty) return
    for (const { account } of lines) this.#queues.wake(account)
  }

  /** Turns everyone away. */
  close(why: Error): void {
    this.#closed = why
    for (const turn of this.#queues.all()) turn.end?.(why)
  }

  async #wait(
    turn: Turn,
    asked: Asked,
    planned: readonly Line[],
    waitMs: number,
  ): Promise<Decision> {
    const { signal } = asked.request
    const untilMs = this.#options.monotonicMs() + waitMs
    let lines = planned
    try {
      for (;;) {
        if (this.#closed !== null) throw this.#closed
        signal?.throwIfAborted()
        const how = await this.#turn(turn, untilMs, signal)
        if (how === "turn" && this.#goesBehind(turn, asked, lines)) continue
        const given = this.#given
        const decided = await this.#options.attempt(asked)
        if (decided.allowed || decided.reason !== "busy" || how === "late") return decided
        lines = decided.lines
        this.#move(turn, decided, given)
      }
    } finally {
      for (const account of [...turn.accounts]) this.#queues.leave(turn, account)
    }
  }

  #newTurn(): Turn {
    this.#tickets += 1
    return {
      ticket: this.#tickets,
      accounts: new Set(),
      wake: null,
      end: null,
      isWoken: false,
      retryMs: RETRY_FIRST_MS,
      moves: 0,
    }
  }

  /** An account of the lines where somebody with a lower ticket waits for what would serve the caller too. */
  #ahead({ estimate }: Asked, lines: readonly Line[], ticket: number): string | null {
    const { base, perUnit, units } = estimate
    for (const { account, terms } of lines) {
      const first = this.#queues.first(account)
      if (first === undefined || first.ticket >= ticket) continue
      const least = base[terms.unit] + units.least * perUnit[terms.unit]
      if (least <= (this.#queues.room(account) ?? 0)) return account
    }
    return null
  }

  /** It waits where an older one does, and makes way elsewhere. */
  #goesBehind(turn: Turn, asked: Asked, lines: readonly Line[]): boolean {
    const ahead = this.#ahead(asked, lines, turn.ticket)
    if (ahead === null) return false
    this.#stand(turn, [ahead])
    return true
  }

  /** It stands at what it has found busy, and knows what each of them has at most. */
  #move(turn: Turn, { obstacles }: Refused, given: number): void {
    const busy = obstacles.filter((obstacle) => obstacle.kind === "line")
    const isNew = busy.some(({ account }) => !turn.accounts.has(account))
    this.#stand(
      turn,
      busy.map(({ account }) => account),
    )
    for (const { account, cap, settled } of busy) this.#queues.learn(account, cap - settled)
    if (!isNew) return
    turn.retryMs = RETRY_FIRST_MS
    // What was given back before it stood there woke others, or nobody.
    if (given !== this.#given) turn.isWoken = true
  }

  #stand(turn: Turn, accounts: readonly string[]): void {
    const left = [...turn.accounts].filter((account) => !accounts.includes(account))
    for (const account of accounts) this.#queues.enter(turn, account)
    if (left.length === 0) return
    turn.moves += 1
    if (turn.moves > MOVES_MAX) return
    for (const account of left) this.#queues.leave(turn, account)
  }

  /** Resolves when the caller asks: at its turn, or where its time is over. Only the first asks by itself. */
  #turn(turn: Turn, untilMs: number, signal: AbortSignal | undefined): Promise<"turn" | "late"> {
    const { monotonicMs, random } = this.#options
    const leftMs = untilMs - monotonicMs()
    if (leftMs <= 0) return Promise.resolve("late")
    if (turn.isWoken) {
      turn.isWoken = false
      return Promise.resolve("turn")
    }
    const retryMs = this.#queues.isFirst(turn) ? turn.retryMs * (0.5 + random()) : leftMs
    const forMs = Math.min(retryMs, leftMs, TIMER_MAX_MS)
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer)
        turn.wake = null
        turn.end = null
        signal?.removeEventListener("abort", onAbort)
      }
      const onAbort = (): void => {
        end()
        reject(signal?.reason)
      }
      const timer = setTimeout(() => {
        end()
        if (forMs >= leftMs) return resolve("late")
        turn.retryMs = Math.min(turn.retryMs * 2, RETRY_MAX_MS)
        resolve("turn")
      }, forMs)
      turn.wake = () => {
        end()
        turn.retryMs = RETRY_FIRST_MS
        resolve("turn")
      }
      turn.end = (why) => {
        end()
        reject(why)
      }
      signal?.addEventListener("abort", onAbort, { once: true })
    })
  }
}
