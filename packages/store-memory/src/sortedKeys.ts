import type { Change } from "@spendfuse/core/domain"

/** The keys of a map of accounts in order, sorted anew only after accounts came or went. */
export class SortedKeys {
  readonly #map: ReadonlyMap<string, unknown>
  #sorted: readonly string[] | null = null

  constructor(map: ReadonlyMap<string, unknown>) {
    this.#map = map
  }

  /** To be called with what was written: an account that goes is seen here, one that comes by the size. */
  changed(changes: readonly Change[]): void {
    for (const change of changes)
      if (change.kind === "account" && change.value === null) this.#sorted = null
  }

  /** At most `limit` keys above `after`, ascending by UTF-16 units. */
  after(after: string | undefined, limit: number): readonly string[] {
    if (this.#sorted === null || this.#sorted.length !== this.#map.size)
      this.#sorted = [...this.#map.keys()].sort()
    const from = after === undefined ? 0 : firstAbove(this.#sorted, after)
    return this.#sorted.slice(from, from + limit)
  }
}

const firstAbove = (sorted: readonly string[], key: string): number => {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] as string) > key) high = middle
    else low = middle + 1
  }
  return low
}
