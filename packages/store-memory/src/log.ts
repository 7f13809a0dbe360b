import type { LogQuery, Page } from "@spendfuse/core/ports"

/** What of a log is kept: its items, and the number of the first of them. */
export interface KeptLog<Item> {
  readonly first: number
  readonly items: readonly Item[]
}

/** The latest items of a log, each under a number that it has for ever: cursors outlive the process. */
export class Log<Item> {
  readonly #items: Item[] = []
  readonly #keptMax: number
  #first = 0

  /** @param keptMax at least so many of the latest items are kept, and at most a tenth more */
  constructor(keptMax: number) {
    this.#keptMax = keptMax
  }

  /** The number of the oldest item that is kept. */
  get first(): number {
    return this.#first
  }

  /** The number that the next item will have. */
  get next(): number {
    return this.#first + this.#items.length
  }

  /** Appends, and answers how many old items were dropped for it. */
  push(item: Item): number {
    this.#items.push(item)
    const most = this.#keptMax + Math.ceil(this.#keptMax / 10)
    if (this.#items.length <= most) return 0
    const dropped = this.#items.length - this.#keptMax
    this.#items.splice(0, dropped)
    this.#first += dropped
    return dropped
  }

  /**
   * Items from the cursor on, or the latest; with neither, from the number `from` on. Where those are gone, the
   * oldest kept.
   */
  page({ after, latest, limit }: LogQuery, from = 0): Page<Item> {
    const last = latest === true ? this.next - limit : from
    const start = Math.max(0, (after === undefined ? last : numberOf(after)) - this.#first)
    const items = this.#items.slice(start, start + limit)
    return {
      items,
      next: items.length === 0 ? null : String(this.#first + start + items.length),
    }
  }

  /** Items from the number `from` on. */
  keptFrom(from: number): KeptLog<Item> {
    const first = Math.min(Math.max(from, this.#first), this.next)
    return { first, items: this.#items.slice(first - this.#first) }
  }

  load({ first, items }: KeptLog<Item>): void {
    this.#first = first
    for (const item of items) this.push(item)
  }
}

/** The number that a cursor stands for. */
export const numberOf = (cursor: string): number => {
  if (!/^\d{1,15}$/.test(cursor))
    throw new RangeError(`cursor \`${cursor}\` is none of this store's; use a page's \`next\``)
  return Number(cursor)
}
