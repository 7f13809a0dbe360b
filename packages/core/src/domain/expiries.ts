import type { EpochMs } from "./time.ts"

/** What a reservation shows of its end. */
interface Expiring {
  readonly division: string
  readonly expiresAtMs: EpochMs
  readonly state: "running" | "expired"
}

const BUCKET_MS = 1_024
const SWEPT_FROM = 64

interface Bucket<Item> {
  items: Item[]
  /** How many of `items` still run in it. */
  live: number
}

interface Division<Item> {
  /** By `expiresAtMs / BUCKET_MS`. */
  readonly buckets: Map<number, Bucket<Item>>
  /** No running reservation of the division ends before this. */
  dueAtMs: EpochMs
}

/**
 * When running reservations end, by division: so that a sweep looks at what is due and at nothing else.
 * What has ended is left where it lies until three quarters of its bucket are gone; `isCurrent` tells it.
 */
export class Expiries<Item extends Expiring> {
  readonly #divisions = new Map<string, Division<Item>>()
  readonly #isCurrent: (item: Item) => boolean

  /** @param isCurrent whether an item still stands as it was put: not ended, not replaced */
  constructor(isCurrent: (item: Item) => boolean) {
    this.#isCurrent = isCurrent
  }

  /** A reservation is written over `before`, which `isCurrent` does not know any more. */
  put(before: Item | undefined, after: Item | null): void {
    if (before?.state === "running") this.#drop(before)
    if (after?.state === "running") this.#add(after)
  }

  /** Whether anything of the division may be overdue: almost always not. */
  mayBeDue(division: string, nowMs: EpochMs): boolean {
    const found = this.#divisions.get(division)
    return found !== undefined && found.dueAtMs <= nowMs
  }

  /** What may be overdue, in no order; the next look is not before the earliest left. */
  due(division: string, nowMs: EpochMs): readonly Item[] {
    const found = this.#divisions.get(division)
    if (found === undefined) return []
    const items: Item[] = []
    let earliest = Number.POSITIVE_INFINITY
    for (const [at, bucket] of found.buckets) {
      this.#sweep(bucket)
      if (bucket.live === 0) {
        found.buckets.delete(at)
        continue
      }
      earliest = Math.min(earliest, at * BUCKET_MS)
      if (at * BUCKET_MS <= nowMs) for (const item of bucket.items) items.push(item)
    }
    found.dueAtMs = earliest
    if (found.buckets.size === 0) this.#divisions.delete(division)
    return items
  }

  /** What runs in all divisions, those that end first coming first but for a second. */
  *soonest(): Iterable<Item> {
    const buckets = [...this.#divisions.values()].flatMap((division) => [...division.buckets])
    for (const [, bucket] of buckets.sort(([one], [other]) => one - other))
      for (const item of bucket.items) if (this.#isCurrent(item)) yield item
  }

  #add(item: Item): void {
    let found = this.#divisions.get(item.division)
    if (found === undefined) {
      found = { buckets: new Map(), dueAtMs: Number.POSITIVE_INFINITY }
      this.#divisions.set(item.division, found)
    }
    const at = Math.floor(item.expiresAtMs / BUCKET_MS)
    const bucket = found.buckets.get(at)
    if (bucket === undefined) found.buckets.set(at, { items: [item], live: 1 })
    else {
      bucket.items.push(item)
      bucket.live += 1
    }
    const startMs = at * BUCKET_MS
    if (startMs < found.dueAtMs) found.dueAtMs = startMs
  }

  #drop({ division, expiresAtMs }: Item): void {
    const bucket = this.#divisions.get(division)?.buckets.get(Math.floor(expiresAtMs / BUCKET_MS))
    if (bucket === undefined) return
    bucket.live -= 1
    if (bucket.items.length >= SWEPT_FROM && bucket.live * 4 <= bucket.items.length)
      this.#sweep(bucket)
  }

  #sweep(bucket: Bucket<Item>): void {
    if (bucket.live === bucket.items.length) return
    bucket.items = bucket.items.filter(this.#isCurrent)
    bucket.live = bucket.items.length
  }
}
