import type { CommandId } from "./command.ts"
import { Soonest } from "./soonest.ts"
import type { EpochMs } from "./time.ts"

/** What a reservation shows of its end. */
interface Expiring {
  readonly id: CommandId
  readonly division: string
  readonly expiresAtMs: EpochMs
  readonly state: "running" | "expired"
}

interface Division<Item> {
  /** Nothing of the division ends before this. */
  dueAtMs: EpochMs
  /** What ends before this is in `soon`. */
  horizonMs: EpochMs
  soon: Soonest<Item>
  /** Nothing else ends before this. */
  laterMs: EpochMs
}

const LOOKS_AHEAD_MS = 1_000

/**
 * When running reservations end, by division. Only what ends within a second is kept in order; the rest is
 * looked through when the first of it comes due, with holds of equal lives once in a life.
 */
export class Expiries<Item extends Expiring> {
  readonly #divisions = new Map<string, Division<Item>>()
  readonly #running: (division: string) => Iterable<Item>
  readonly #isCurrent: (item: Item) => boolean
  #lastName: string | undefined
  #last: Division<Item> | undefined
  /** The oldest of each key, as long as nothing that came since ends before it. */
  #oldest = new WeakMap<object, Item>()
  #sinceMs: EpochMs = Number.POSITIVE_INFINITY

  /**
   * @param running all that runs in a division
   * @param isCurrent whether an item still stands as it was put: not ended, not replaced
   */
  constructor(running: (division: string) => Iterable<Item>, isCurrent: (item: Item) => boolean) {
    this.#running = running
    this.#isCurrent = isCurrent
  }

  /** It runs from now on, or ends at another time than before. */
  put(item: Item): void {
    const { division, expiresAtMs } = item
    const found = this.#of(division) ?? this.#make(division)
    found.dueAtMs = Math.min(found.dueAtMs, expiresAtMs)
    if (expiresAtMs < found.horizonMs) found.soon.add(item)
    else found.laterMs = Math.min(found.laterMs, expiresAtMs)
    this.#sinceMs = Math.min(this.#sinceMs, expiresAtMs)
  }

  /** Nothing of the division is overdue before this; Infinity where nothing runs. */
  soonestOf(division: string): EpochMs {
    return this.#of(division)?.dueAtMs ?? Number.POSITIVE_INFINITY
  }

  /** What is overdue, at most so many, oldest first. Whoever takes it ends it. */
  takeDue(division: string, nowMs: EpochMs, most: number): readonly Item[] {
    const found = this.#of(division)
    if (found === undefined || nowMs < found.dueAtMs) return NOTHING_DUE
    if (nowMs >= found.laterMs) this.#lookAhead(found, division, nowMs)
    const { soon } = found
    const due: Item[] = []
    let first = soon.first
    while (first !== undefined && first.expiresAtMs <= nowMs && due.length < most) {
      if (this.#isCurrent(first)) due.push(first)
      soon.dropFirst()
      first = soon.first
    }
    found.dueAtMs = Math.min(first?.expiresAtMs ?? Number.POSITIVE_INFINITY, found.laterMs)
    if (found.dueAtMs === Number.POSITIVE_INFINITY) this.#drop(division)
    return due
  }

  /** The one of `all` that ends first among those that `holds` is true of; kept by `key` while it stands. */
  oldestOf(key: object, all: Iterable<Item>, holds: (item: Item) => boolean): Item | undefined {
    const known = this.#oldest.get(key)
    if (known !== undefined && known.expiresAtMs <= this.#sinceMs)
      if (this.#isCurrent(known) && holds(known)) return known
    let oldest: Item | undefined
    for (const item of all)
      if ((oldest === undefined || item.expiresAtMs < oldest.expiresAtMs) && holds(item))
        oldest = item
    if (oldest === undefined) return undefined
    if (oldest.expiresAtMs > this.#sinceMs) {
      this.#oldest = new WeakMap()
      this.#sinceMs = Number.POSITIVE_INFINITY
    }
    this.#oldest.set(key, oldest)
    return oldest
  }

  #lookAhead(found: Division<Item>, division: string, nowMs: EpochMs): void {
    const untilMs = nowMs + LOOKS_AHEAD_MS
    found.soon = new Soonest<Item>(endsBefore)
    found.horizonMs = untilMs
    found.laterMs = Number.POSITIVE_INFINITY
    for (const item of this.#running(division)) {
      if (item.state !== "running") continue
      if (item.expiresAtMs < untilMs) found.soon.add(item)
      else found.laterMs = Math.min(found.laterMs, item.expiresAtMs)
    }
  }

  #make(name: string): Division<Item> {
    const made: Division<Item> = {
      dueAtMs: Number.POSITIVE_INFINITY,
      horizonMs: Number.NEGATIVE_INFINITY,
      soon: new Soonest<Item>(endsBefore),
      laterMs: Number.POSITIVE_INFINITY,
    }
    this.#divisions.set(name, made)
    this.#last = made
    return made
  }

  #drop(name: string): void {
    this.#divisions.delete(name)
    this.#last = undefined
  }

  /** The last division looked at is at hand. */
  #of(name: string): Division<Item> | undefined {
    if (name !== this.#lastName) {
      this.#lastName = name
      this.#last = this.#divisions.get(name)
    }
    return this.#last
  }
}

const NOTHING_DUE: readonly never[] = Object.freeze([])

/** Two that end at once end in the order of their names, so that every store ends them in the same. */
const endsBefore = (one: Expiring, other: Expiring): boolean => {
  if (one.expiresAtMs !== other.expiresAtMs) return one.expiresAtMs < other.expiresAtMs
  if (one.id.source !== other.id.source) return one.id.source < other.id.source
  return one.id.n < other.id.n
}
