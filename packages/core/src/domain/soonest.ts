/** Items in the order in which they come due: the first is at hand, each comes and goes in few steps. */
export class Soonest<Item> {
  readonly #isBefore: (one: Item, other: Item) => boolean
  readonly #items: Item[] = []

  constructor(isBefore: (one: Item, other: Item) => boolean) {
    this.#isBefore = isBefore
  }

  get first(): Item | undefined {
    return this.#items[0]
  }

  add(item: Item): void {
    const items = this.#items
    let at = items.push(item) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!this.#isBefore(item, items[above] as Item)) break
      items[at] = items[above] as Item
      at = above
    }
    items[at] = item
  }

  dropFirst(): void {
    const items = this.#items
    const item = items.pop()
    if (item === undefined || items.length === 0) return
    let at = 0
    for (;;) {
      const left = 2 * at + 1
      if (left >= items.length) break
      const right = left + 1
      const isRight =
        right < items.length && this.#isBefore(items[right] as Item, items[left] as Item)
      const below = isRight ? right : left
      if (!this.#isBefore(items[below] as Item, item)) break
      items[at] = items[below] as Item
      at = below
    }
    items[at] = item
  }
}
