const SLOTS_MIN = 8
const SLOTS_MAX = 1_024

/**
 * Items by number. Numbers in use are mostly close together, so they live in a ring; what finds its place
 * taken lives beside it.
 */
export class Numbered<Item> {
  #numbers: number[] = slots(SLOTS_MIN, 0)
  #items: (Item | undefined)[] = slots<Item | undefined>(SLOTS_MIN, undefined)
  #others: Map<number, Item> | null = null
  #size = 0

  constructor(items: Iterable<readonly [number, Item]> = []) {
    for (const [n, item] of items) this.set(n, item)
  }

  get size(): number {
    return this.#size
  }

  get(n: number): Item | undefined {
    const at = n & (this.#numbers.length - 1)
    if (this.#numbers[at] === n) return this.#items[at]
    return this.#others === null ? undefined : this.#others.get(n)
  }

  set(n: number, item: Item): void {
    const at = n & (this.#numbers.length - 1)
    if (this.#items[at] === undefined && this.#others === null) {
      this.#numbers[at] = n
      this.#items[at] = item
      this.#size += 1
    } else this.#place(at, n, item)
  }

  delete(n: number): void {
    const at = n & (this.#numbers.length - 1)
    if (this.#numbers[at] === n) {
      this.#items[at] = undefined
      this.#numbers[at] = 0
      this.#size -= 1
    } else if (this.#others?.delete(n) === true) this.#size -= 1
  }

  /** Drops the numbers above `from`, up to `upTo`. */
  deleteUpTo(from: number, upTo: number): void {
    if (this.#size === 0) return
    if (upTo - from <= this.#numbers.length)
      for (let n = from + 1; n <= upTo; n += 1) this.delete(n)
    else for (const [n] of [...this]) if (n <= upTo) this.delete(n)
  }

  /** In no order. */
  *[Symbol.iterator](): IterableIterator<readonly [number, Item]> {
    for (const [at, item] of this.#items.entries())
      if (item !== undefined) yield [this.#numbers[at] ?? 0, item]
    if (this.#others !== null) yield* this.#others
  }

  #place(at: number, n: number, item: Item): void {
    const isTaken = this.#items[at] !== undefined
    if (isTaken && this.#numbers[at] === n) this.#items[at] = item
    else if (this.#others?.has(n) === true) this.#others.set(n, item)
    else if (isTaken) this.#makeRoom(n, item)
    else {
      this.#numbers[at] = n
      this.#items[at] = item
      this.#size += 1
    }
  }

  #makeRoom(n: number, item: Item): void {
    if (this.#numbers.length < SLOTS_MAX) {
      const items = [...this]
      const length = this.#numbers.length * 2
      this.#numbers = slots(length, 0)
      this.#items = slots<Item | undefined>(length, undefined)
      this.#others = null
      this.#size = 0
      for (const [number, known] of items) this.set(number, known)
      this.set(n, item)
      return
    }
    this.#others ??= new Map()
    this.#others.set(n, item)
    this.#size += 1
  }
}

const slots = <Slot>(length: number, empty: Slot): Slot[] => new Array<Slot>(length).fill(empty)
