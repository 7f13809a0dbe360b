/** What happens next is on top: by `atMs`, and what came first where that is equal. */
export class Heap {
  #items = []
  #count = 0

  push(item) {
    const items = this.#items
    const entry = { item, place: this.#count }
    this.#count += 1
    let at = items.length
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(entry, items[parent])) break
      items[at] = items[parent]
      at = parent
    }
    items[at] = entry
  }

  pop() {
    const items = this.#items
    const top = items[0]
    const last = items.pop()
    if (items.length > 0) this.#sink(last)
    return top?.item
  }

  #sink(entry) {
    const items = this.#items
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= items.length) break
      if (child + 1 < items.length && isBefore(items[child + 1], items[child])) child += 1
      if (!isBefore(items[child], entry)) break
      items[at] = items[child]
      at = child
    }
    items[at] = entry
  }
}

const isBefore = (one, other) =>
  one.item.atMs < other.item.atMs || (one.item.atMs === other.item.atMs && one.place < other.place)
