import { STORE_BATCH_MAX } from "@spendfuse/core/ports"

/** Something to be sent in a batch: its size, and who waits for it. */
interface Waiting<Item, Answer> {
  readonly items: readonly Item[]
  readonly bytes: number
  readonly resolve: (answers: readonly Answer[]) => void
  readonly reject: (error: unknown) => void
  readonly signal: AbortSignal | undefined
  readonly onAbort: () => void
}

interface GroupsOptions<Item, Answer> {
  readonly atOnce: number
  readonly bytesMax: number
  /** One answer for each item, in the same order. */
  readonly send: (items: readonly Item[]) => Promise<readonly Answer[]>
}

/**
 * Group commit: while a batch is on its way, what comes waits, and goes together as the next one. First
 * come, first sent; what comes together stays together, in its order.
 */
export class Groups<Item, Answer> {
  readonly #options: GroupsOptions<Item, Answer>
  #waiting: Waiting<Item, Answer>[] = []
  #underWay = 0

  constructor(options: GroupsOptions<Item, Answer>) {
    this.#options = options
  }

  /**
   * @param signal withdraws what was not sent yet; of what was sent it only ends the waiting
   * @throws the signal's reason, or what `send` rejects with
   */
  add(items: readonly Item[], bytes: number, signal?: AbortSignal): Promise<readonly Answer[]> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const onAbort = (): void => {
        this.#waiting = this.#waiting.filter((other) => other !== waiting)
        reject(signal?.reason)
      }
      const waiting = { items, bytes, resolve, reject, signal, onAbort }
      signal?.addEventListener("abort", onAbort, { once: true })
      this.#waiting.push(waiting)
      // What is asked in the same turn goes in one batch.
      queueMicrotask(() => this.#next())
    })
  }

  #next(): void {
    while (this.#underWay < this.#options.atOnce && this.#waiting.length > 0)
      void this.#run(this.#taken())
  }

  #taken(): readonly Waiting<Item, Answer>[] {
    let count = 0
    let bytes = 0
    let taken = 0
    for (const waiting of this.#waiting) {
      count += waiting.items.length
      bytes += waiting.bytes
      if (taken > 0 && (count > STORE_BATCH_MAX || bytes > this.#options.bytesMax)) break
      taken += 1
    }
    return this.#waiting.splice(0, taken)
  }

  async #run(group: readonly Waiting<Item, Answer>[]): Promise<void> {
    this.#underWay += 1
    try {
      const answers = await this.#options.send(group.flatMap(({ items }) => items))
      let from = 0
      for (const { items, resolve } of group) {
        resolve(answers.slice(from, from + items.length))
        from += items.length
      }
    } catch (error) {
      for (const { reject } of group) reject(error)
    } finally {
      for (const { signal, onAbort } of group) signal?.removeEventListener("abort", onAbort)
      // Who was answered asks again in this turn: one batch of all of them costs less than two of halves.
      setImmediate(() => {
        this.#underWay -= 1
        this.#next()
      })
    }
  }
}
