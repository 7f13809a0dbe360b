const SLOTS_MIN = 8
const SLOTS_MAX = 1_024

/**
 * Outcomes by number. Numbers in flight are close together, so they live in a ring; what finds its place
 * taken (a number far above the others) lives beside it.
 */
export class Answers<Entry> {
  #slots: (Slot<Entry> | undefined)[] = new Array<Slot<Entry> | undefined>(SLOTS_MIN)
  readonly #others = new Map<number, Entry>()
  #size = 0

  constructor(entries: Iterable<readonly [number, Entry]> = []) {
    for (const [n, entry] of entries) this.set(n, entry)
  }

  get size(): number {
    return this.#size
  }

  get(n: number): Entry | undefined {
    const slot = this.#slots[n & (this.#slots.length - 1)]
    if (slot !== undefined && slot.n === n) return slot.entry
    return this.#others.size === 0 ? undefined : this.#others.get(n)
  }

  set(n: number, entry: Entry): void {
    const at = n & (this.#slots.length - 1)
    const slot = this.#slots[at]
    if (slot === undefined && (this.#others.size === 0 || !this.#others.has(n))) {
      this.#slots[at] = { n, entry }
      this.#size += 1
    } else if (slot?.n === n) this.#slots[at] = { n, entry }
    else if (this.#others.has(n)) this.#others.set(n, entry)
    else if (this.#slots.length < SLOTS_MAX) {
      this.#grow()
      this.set(n, entry)
    } else {
      this.#others.set(n, entry)
      this.#size += 1
    }
  }

  /** Forgets the numbers from the one above `from` up to `upTo`. */
  forget(from: number, upTo: number): void {
    if (this.#size === 0) return
    if (upTo - from >= this.#slots.length) this.#forgetMany(upTo)
    else for (let n = from + 1; n <= upTo; n += 1) this.#forgetOne(n)
  }

  /** In no order. */
  *[Symbol.iterator](): Iterator<readonly [number, Entry]> {
    for (const slot of this.#slots) if (slot !== undefined) yield [slot.n, slot.entry]
    yield* this.#others
  }

  #forgetOne(n: number): void {
    const at = n & (this.#slots.length - 1)
    if (this.#slots[at]?.n === n) {
      this.#slots[at] = undefined
      this.#size -= 1
    } else if (this.#others.size > 0 && this.#others.delete(n)) this.#size -= 1
  }

  #forgetMany(upTo: number): void {
    for (const [at, slot] of this.#slots.entries())
      if (slot !== undefined && slot.n <= upTo) {
        this.#slots[at] = undefined
        this.#size -= 1
      }
    for (const n of this.#others.keys())
      if (n <= upTo) {
        this.#others.delete(n)
        this.#size -= 1
      }
  }

  #grow(): void {
    const slots = this.#slots
    this.#slots = new Array<Slot<Entry> | undefined>(slots.length * 2)
    this.#size -= slots.reduce((count, slot) => count + (slot === undefined ? 0 : 1), 0)
    for (const slot of slots) if (slot !== undefined) this.set(slot.n, slot.entry)
  }
}

interface Slot<Entry> {
  readonly n: number
  readonly entry: Entry
}
