import type { CommandId } from "./command.ts"
import { sourceKey } from "./source.ts"

/** Reservations by the source, division and number of their Reserve. */
export class Reservations<Item extends { readonly id: CommandId; readonly division: string }> {
  readonly #bySource = new Map<string, Map<number, Item>>()
  #lastKey = ""
  #last: Map<number, Item> | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  get(id: CommandId, division: string): Item | undefined {
    return this.#of(sourceKey({ id, division }))?.get(id.n)
  }

  put(item: Item): void {
    const key = sourceKey(item)
    let own = this.#of(key)
    if (own === undefined) {
      own = new Map()
      this.#bySource.set(key, own)
      this.#last = own
    }
    const before = own.size
    own.set(item.id.n, item)
    this.#size += own.size - before
  }

  delete(id: CommandId, division: string): void {
    if (this.#of(sourceKey({ id, division }))?.delete(id.n) === true) this.#size -= 1
  }

  *values(): IterableIterator<Item> {
    for (const own of this.#bySource.values()) yield* own.values()
  }

  /** The last one looked at is at hand; it goes when another comes and it is empty. */
  #of(key: string): Map<number, Item> | undefined {
    if (key === this.#lastKey) return this.#last
    if (this.#last?.size === 0) this.#bySource.delete(this.#lastKey)
    this.#lastKey = key
    this.#last = this.#bySource.get(key)
    return this.#last
  }
}
