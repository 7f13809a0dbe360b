/**
 * Queues of callers that found an account `busy`. Only the first of each queue asks again: when something
 * was given back in this process, or after a jittered moment, since others may have given back elsewhere.
 */
export class Waiting {
  readonly #queues = new Map<string, Turn[]>()
  readonly #random: () => number

  constructor(random: () => number) {
    this.#random = random
  }

  get isEmpty(): boolean {
    return this.#queues.size === 0
  }

  /** Whether callers wait for the account already: a newcomer goes behind them. */
  has(account: string): boolean {
    return this.#queues.has(account)
  }

  /** Waits for this caller's turn to ask; resolves `turn`, or `late` where the time is over first. */
  async wait(
    ticket: Ticket,
    untilMs: number,
    nowMs: () => number,
    signal: AbortSignal | undefined,
  ): Promise<"turn" | "late"> {
    signal?.throwIfAborted()
    const queue = this.#queues.get(ticket.account) ?? []
    if (queue.length === 0) this.#queues.set(ticket.account, queue)
    const turn = queue.find((other) => other.ticket === ticket) ?? this.#join(queue, ticket)
    const leftMs = untilMs - nowMs()
    if (leftMs <= 0) return "late"
    const isFirst = queue[0] === turn
    const retryMs = RETRY_MS * (0.5 + this.#random())
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => done(leftMs <= retryMs || !isFirst ? "late" : "turn"),
        isFirst ? Math.min(retryMs, leftMs) : leftMs,
      )
      const onAbort = (): void => {
        clearTimeout(timer)
        turn.wake = null
        reject(signal?.reason)
      }
      const done = (how: "turn" | "late"): void => {
        clearTimeout(timer)
        turn.wake = null
        signal?.removeEventListener("abort", onAbort)
        resolve(how)
      }
      turn.wake = () => done("turn")
      signal?.addEventListener("abort", onAbort, { once: true })
    })
  }

  /** The caller was admitted, refused for good, or gave up: the next one asks. */
  leave(ticket: Ticket): void {
    const queue = this.#queues.get(ticket.account)
    if (queue === undefined) return
    const at = queue.findIndex((turn) => turn.ticket === ticket)
    if (at >= 0) queue.splice(at, 1)
    if (queue.length === 0) this.#queues.delete(ticket.account)
    else if (at === 0) queue[0]?.wake?.()
  }

  /** Something was given back on the account: the first in its queue asks now. */
  wake(account: string): void {
    if (this.#queues.size > 0) this.#queues.get(account)?.[0]?.wake?.()
  }

  #join(queue: Turn[], ticket: Ticket): Turn {
    const turn: Turn = { ticket, wake: null }
    queue.push(turn)
    return turn
  }
}

/** One caller's place in the queue of the account that was busy. */
export interface Ticket {
  readonly account: string
}

interface Turn {
  readonly ticket: Ticket
  wake: (() => void) | null
}

const RETRY_MS = 25
