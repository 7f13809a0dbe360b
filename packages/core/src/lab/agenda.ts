import type { EpochMs } from "../domain/time.ts"

/** What is to be done when, in the order of time; what is due at the same instant in the order it was added. */
export class Agenda<Item> {
  /** A binary heap: each entry is not later than those at twice its place and one more. */
  readonly #entries: Entry<Item>[] = []
  #added = 0

  get size(): number {
    return this.#entries.length
  }

  /** When the next is due; Infinity where nothing is left. */
  get nextAtMs(): EpochMs {
    return this.#entries[0]?.atMs ?? Number.POSITIVE_INFINITY
  }

  add(atMs: EpochMs, item: Item): void {
    const entries = this.#entries
    const entry = { atMs, order: this.#added, item }
    this.#added += 1
    let place = entries.length
    while (place > 0) {
      const parent = (place - 1) >> 1
      const above = entries[parent]
      if (above === undefined || !isBefore(entry, above)) break
      entries[place] = above
      place = parent
    }
    entries[place] = entry
  }

  /** Takes the next, where it is due by then. */
  takeDue(nowMs: EpochMs): { readonly atMs: EpochMs; readonly item: Item } | undefined {
    const [first] = this.#entries
    if (first === undefined || first.atMs > nowMs) return undefined
    const last = this.#entries.pop()
    if (last !== undefined && this.#entries.length > 0) this.#sink(last)
    return first
  }

  #sink(entry: Entry<Item>): void {
    const entries = this.#entries
    let place = 0
    for (;;) {
      const left = 2 * place + 1
      const one = entries[left]
      if (one === undefined) break
      const other = entries[left + 1]
      const isOther = other !== undefined && isBefore(other, one)
      const child = isOther ? other : one
      if (!isBefore(child, entry)) break
      entries[place] = child
      place = isOther ? left + 1 : left
    }
    entries[place] = entry
  }
}

interface Entry<Item> {
  readonly atMs: EpochMs
  readonly order: number
  readonly item: Item
}

const isBefore = <Item>(one: Entry<Item>, other: Entry<Item>): boolean =>
  one.atMs !== other.atMs ? one.atMs < other.atMs : one.order < other.order
