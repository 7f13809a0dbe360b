/** One caller's wait. */
export interface Turn {
  /** By arrival: who comes later goes behind, in every queue. */
  readonly ticket: number
  /** Whose queues it stands in. */
  readonly accounts: Set<string>
  wake: (() => void) | null
  end: ((why: Error) => void) | null
  /** Woken while it was asking. */
  isWoken: boolean
  retryMs: number
  /** How often it was sent from one account to another. */
  moves: number
}

interface Queue {
  readonly turns: Turn[]
  /** Cap less what is settled, as last heard. */
  room: number
}

/** Who waits at which account, by arrival. Whoever becomes the first of a queue is woken. */
export class Queues {
  readonly #queues = new Map<string, Queue>()

  get isEmpty(): boolean {
    return this.#queues.size === 0
  }

  all(): ReadonlySet<Turn> {
    return new Set([...this.#queues.values()].flatMap(({ turns }) => turns))
  }

  first(account: string): Turn | undefined {
    return this.#queues.get(account)?.turns[0]
  }

  /** What the account has at most beside what is settled; undefined where nobody waits. */
  room(account: string): number | undefined {
    return this.#queues.get(account)?.room
  }

  isFirst(turn: Turn): boolean {
    for (const account of turn.accounts) if (this.first(account) === turn) return true
    return false
  }

  learn(account: string, room: number): void {
    const queue = this.#queues.get(account)
    if (queue !== undefined) queue.room = room
  }

  /** Its place is by its ticket, also where others stand there already. */
  enter(turn: Turn, account: string): void {
    if (turn.accounts.has(account)) return
    turn.accounts.add(account)
    const queue = this.#queues.get(account)
    if (queue === undefined) {
      this.#queues.set(account, { turns: [turn], room: Number.POSITIVE_INFINITY })
      return
    }
    const after = queue.turns.findLastIndex(({ ticket }) => ticket < turn.ticket)
    queue.turns.splice(after + 1, 0, turn)
  }

  leave(turn: Turn, account: string): void {
    turn.accounts.delete(account)
    const queue = this.#queues.get(account)
    const at = queue?.turns.indexOf(turn) ?? -1
    if (queue === undefined || at < 0) return
    queue.turns.splice(at, 1)
    if (queue.turns.length === 0) this.#queues.delete(account)
    else if (at === 0) this.wake(account)
  }

  /** The first of the account's queue asks now, or again where it is asking. */
  wake(account: string): void {
    const first = this.first(account)
    if (first === undefined) return
    if (first.wake === null) first.isWoken = true
    else first.wake()
  }
}
