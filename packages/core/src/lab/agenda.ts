import { Soonest } from "../domain/soonest.ts"
import type { EpochMs } from "../domain/time.ts"

/** What is to be done when, in the order of time; what is due at the same instant in the order it was added. */
export class Agenda<Item> {
  readonly #entries = new Soonest<Entry<Item>>((one, other) =>
    one.atMs !== other.atMs ? one.atMs < other.atMs : one.order < other.order,
  )
  #added = 0

  /** When the next is due; Infinity where nothing is left. */
  get nextAtMs(): EpochMs {
    return this.#entries.first?.atMs ?? Number.POSITIVE_INFINITY
  }

  add(atMs: EpochMs, item: Item): void {
    this.#entries.add({ atMs, order: this.#added, item })
    this.#added += 1
  }

  /** Takes the next, where it is due by then. */
  takeDue(nowMs: EpochMs): { readonly atMs: EpochMs; readonly item: Item } | undefined {
    const { first } = this.#entries
    if (first === undefined || first.atMs > nowMs) return undefined
    this.#entries.dropFirst()
    return first
  }
}

interface Entry<Item> {
  readonly atMs: EpochMs
  readonly order: number
  readonly item: Item
}
