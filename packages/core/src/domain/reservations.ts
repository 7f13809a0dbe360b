import type { CommandId } from "./command.ts"
import { Numbered } from "./numbered.ts"

interface Own<Item> {
  readonly division: string
  readonly source: string
  readonly items: Numbered<Item>
}

/** Reservations by division, and by the source and number of their Reserve. */
export class Reservations<Item extends { readonly id: CommandId; readonly division: string }> {
  readonly #divisions = new Map<string, Map<string, Own<Item>>>()
  #last: Own<Item> | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  get(id: CommandId, division: string): Item | undefined {
    return this.#of(id.source, division)?.items.get(id.n)
  }

  put(item: Item): void {
    const { id, division } = item
    const { items } = this.#of(id.source, division) ?? this.#make(id.source, division)
    const before = items.size
    items.set(id.n, item)
    this.#size += items.size - before
  }

  delete({ source, n }: CommandId, division: string): void {
    const own = this.#of(source, division)
    if (own === undefined) return
    const before = own.items.size
    own.items.delete(n)
    this.#size += own.items.size - before
  }

  *values(): IterableIterator<Item> {
    for (const division of this.#divisions.keys()) yield* this.of(division)
  }

  /** Those of one division. */
  *of(division: string): IterableIterator<Item> {
    for (const { items } of this.#divisions.get(division)?.values() ?? [])
      for (const [, item] of items) yield item
  }

  /** The last one looked at is at hand; it goes when another comes and it is empty. */
  #of(source: string, division: string): Own<Item> | undefined {
    const last = this.#last
    if (last !== undefined && last.source === source && last.division === division) return last
    if (last !== undefined && last.items.size === 0) this.#drop(last)
    this.#last = this.#divisions.get(division)?.get(source)
    return this.#last
  }

  #make(source: string, division: string): Own<Item> {
    const made = { source, division, items: new Numbered<Item>() }
    const sources = this.#divisions.get(division) ?? new Map<string, Own<Item>>()
    sources.set(source, made)
    this.#divisions.set(division, sources)
    this.#last = made
    return made
  }

  #drop({ source, division }: Own<Item>): void {
    const sources = this.#divisions.get(division)
    sources?.delete(source)
    if (sources?.size === 0) this.#divisions.delete(division)
  }
}
