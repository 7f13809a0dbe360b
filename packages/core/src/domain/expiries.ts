import type { EpochMs } from "./time.ts"

/** What a reservation shows of its end. */
interface Expiring {
  readonly id: string
  readonly division: string
  readonly expiresAtMs: EpochMs
  readonly state: "running" | "expired"
}

const BUCKET_MS = 1_024

interface Division {
  /** By `expiresAtMs / BUCKET_MS`. */
  readonly buckets: Map<number, Set<string>>
  /** No running reservation of the division ends before this. */
  dueAtMs: EpochMs
}

/** When running reservations end, by division: so that a sweep looks at what is due and at nothing else. */
export class Expiries {
  readonly #divisions = new Map<string, Division>()

  /** A reservation was written: `before` is what it replaces. */
  put(before: Expiring | undefined, after: Expiring | null): void {
    if (before?.state === "running") this.#remove(before)
    if (after?.state === "running") this.#add(after)
  }

  /** Whether anything of the division may be overdue: almost always not. */
  mayBeDue(division: string, nowMs: EpochMs): boolean {
    const found = this.#divisions.get(division)
    return found !== undefined && found.dueAtMs <= nowMs
  }

  /** Names of reservations that may be overdue, in no order; and the next look is not before the earliest left. */
  due(division: string, nowMs: EpochMs): readonly string[] {
    const found = this.#divisions.get(division)
    if (found === undefined) return []
    const ids: string[] = []
    let earliest = Number.POSITIVE_INFINITY
    for (const [bucket, set] of found.buckets) {
      if (set.size === 0) {
        found.buckets.delete(bucket)
        continue
      }
      earliest = Math.min(earliest, bucket * BUCKET_MS)
      if (bucket * BUCKET_MS <= nowMs) ids.push(...set)
    }
    found.dueAtMs = earliest
    if (found.buckets.size === 0) this.#divisions.delete(division)
    return ids
  }

  /** Names of running reservations of all divisions, those that end first coming first but for a second. */
  *soonest(): Iterable<string> {
    const buckets = [...this.#divisions.values()].flatMap((division) => [...division.buckets])
    for (const [, set] of buckets.sort(([one], [other]) => one - other)) yield* set
  }

  #add({ division, expiresAtMs, id }: Expiring): void {
    let found = this.#divisions.get(division)
    if (found === undefined) {
      found = { buckets: new Map(), dueAtMs: Number.POSITIVE_INFINITY }
      this.#divisions.set(division, found)
    }
    const bucket = Math.floor(expiresAtMs / BUCKET_MS)
    const set = found.buckets.get(bucket)
    if (set === undefined) found.buckets.set(bucket, new Set([id]))
    else set.add(id)
    const startMs = bucket * BUCKET_MS
    if (startMs < found.dueAtMs) found.dueAtMs = startMs
  }

  #remove({ division, expiresAtMs, id }: Expiring): void {
    const found = this.#divisions.get(division)
    const bucket = Math.floor(expiresAtMs / BUCKET_MS)
    const set = found?.buckets.get(bucket)
    if (found === undefined || set === undefined) return
    set.delete(id)
  }
}
