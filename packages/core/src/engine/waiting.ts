import type { Plan } from "../domain/compile.ts"
import type { Asked } from "./asked.ts"
import type { Decision } from "./decision.ts"

export interface WaitingOptions {
  readonly monotonicMs: () => number
  readonly random: () => number
  readonly attempt: (asked: Asked) => Decision | Promise<Decision>
}

const RETRY_FIRST_MS = 25
const RETRY_MAX_MS = 250

/**
 * Queues of callers that found an account `busy`. Only the first of each queue asks again: when something
 * was given back in this process, or after a jittered moment, since others may have given back elsewhere.
 * Who comes later goes behind; who could not be helped by any wait is told at once.
 */
export class Waiting {
  readonly #options: WaitingOptions
  readonly #queues = new Map<string, Queue>()

  constructor(options: WaitingOptions) {
    this.#options = options
  }

  get isEmpty(): boolean {
    return this.#queues.size === 0
  }

  /** The account whose queue a newcomer must join, because others wait there; null where no wait would help. */
  queueOf({ estimate }: Asked, { lines }: Plan): string | null {
    for (const line of lines) {
      const queue = this.#queues.get(line.account)
      if (queue === undefined) continue
      const unit = line.terms.unit
      const least = estimate.base[unit] + estimate.units.least * estimate.perUnit[unit]
      if (least <= queue.room) return line.account
    }
    return null
  }

  /** The decision as it is, unless it is `busy` and the caller waits. */
  orWait(asked: Asked, decided: Decision, waitMs: number): Decision | Promise<Decision> {
    if (decided.allowed || decided.reason !== "busy" || waitMs <= 0) return decided
    const busy = decided.obstacles.find(({ reason }) => reason === "busy")
    if (busy?.kind !== "line") return decided
    return this.wait(asked, busy.account, waitMs, busy.cap - busy.settled)
  }

  /** Waits in the account's queue; the last answer where the time is over. Rejects with the signal's reason. */
  async wait(
    asked: Asked,
    account: string,
    waitMs: number,
    room: number = Number.POSITIVE_INFINITY,
  ): Promise<Decision> {
    const { signal } = asked.request
    const untilMs = this.#options.monotonicMs() + waitMs
    const turn = this.#join(account, room)
    try {
      for (;;) {
        signal?.throwIfAborted()
        const isFirst = this.#queues.get(account)?.turns[0] === turn
        const how = await this.#turn(turn, { untilMs, isFirst, signal })
        const decided = await this.#options.attempt(asked)
        if (decided.allowed || decided.reason !== "busy" || how === "late") return decided
        this.#learn(account, decided)
      }
    } finally {
      this.#leave(account, turn)
    }
  }

  /** Something was given back on the account: the first in its queue asks now. */
  wake(account: string): void {
    const first = this.#queues.get(account)?.turns[0]
    if (first === undefined) return
    if (first.wake === null) first.isWoken = true
    else first.wake()
  }

  /** Turns everyone away. */
  close(why: Error): void {
    for (const { turns } of [...this.#queues.values()]) for (const turn of turns) turn.end?.(why)
  }

  #join(account: string, room: number): Turn {
    const turn: Turn = { wake: null, end: null, isWoken: false, retryMs: RETRY_FIRST_MS }
    const queue = this.#queues.get(account)
    if (queue === undefined) this.#queues.set(account, { turns: [turn], room })
    else queue.turns.push(turn)
    return turn
  }

  #leave(account: string, turn: Turn): void {
    const queue = this.#queues.get(account)
    const at = queue?.turns.indexOf(turn) ?? -1
    if (queue === undefined || at < 0) return
    queue.turns.splice(at, 1)
    if (queue.turns.length === 0) this.#queues.delete(account)
    else if (at === 0) this.wake(account)
  }

  /** What the account has at most beside what is settled: whoever needs more has nothing to wait for. */
  #learn(account: string, decided: Decision): void {
    const queue = this.#queues.get(account)
    if (queue === undefined || decided.allowed) return
    for (const obstacle of decided.obstacles)
      if (obstacle.kind === "line" && obstacle.account === account)
        queue.room = obstacle.cap - obstacle.settled
  }

  /** Resolves when the caller asks: at its turn, or where its time is over. Only the first asks by itself. */
  #turn(turn: Turn, { untilMs, isFirst, signal }: TurnOptions): Promise<"turn" | "late"> {
    const { monotonicMs, random } = this.#options
    const leftMs = untilMs - monotonicMs()
    if (leftMs <= 0) return Promise.resolve("late")
    if (turn.isWoken) {
      turn.isWoken = false
      return Promise.resolve("turn")
    }
    const retryMs = isFirst ? turn.retryMs * (0.5 + random()) : leftMs
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
      const timer = setTimeout(
        () => {
          end()
          if (leftMs <= retryMs) return resolve("late")
          turn.retryMs = Math.min(turn.retryMs * 2, RETRY_MAX_MS)
          resolve("turn")
        },
        Math.min(retryMs, leftMs),
      )
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

interface Queue {
  readonly turns: Turn[]
  /** Cap less what is settled, as last heard. */
  room: number
}

interface TurnOptions {
  readonly untilMs: number
  readonly isFirst: boolean
  readonly signal: AbortSignal | undefined
}

/** One caller's place. */
interface Turn {
  wake: (() => void) | null
  end: ((why: Error) => void) | null
  /** Woken while it was asking. */
  isWoken: boolean
  retryMs: number
}
