import type { EpochMs } from "./time.ts"

/** What a reservation shows of its end. */
interface Expiring {
  readonly division: string
  readonly expiresAtMs: EpochMs
  readonly state: "running" | "expired"
}

interface Division<Item> {
  /** Nothing of the division ends before this. */
  dueAtMs: EpochMs
  /** What ends before this is in `soon`. */
  horizonMs: EpochMs
  soon: Item[]
}

const LOOKS_AHEAD_MS = 1_000

/**
 * When running reservations end, by division. Only what ends soon is kept in a list; the rest is looked
 * through when the horizon is reached, at most once a second, and with holds of equal lives once a life.
 */
export class Expiries<Item extends Expiring> {
  readonly #divisions = new Map<string, Division<Item>>()
  readonly #running: (division: string) => Iterable<Item>
  readonly #isCurrent: (item: Item) => boolean
  #lastName = ""
  #last: Division<Item> | undefined

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
    if (expiresAtMs < found.dueAtMs) found.dueAtMs = expiresAtMs
    if (expiresAtMs < found.horizonMs) found.soon.push(item)
  }

  /** What is overdue, in no order. */
  due(division: string, nowMs: EpochMs): readonly Item[] {
    const found = this.#of(division)
    if (found === undefined || nowMs < found.dueAtMs) return NOTHING_DUE
    if (nowMs >= found.horizonMs) this.#lookAhead(found, division, nowMs)
    const due: Item[] = []
    const later: Item[] = []
    let dueAtMs = found.horizonMs
    for (const item of found.soon) {
      if (!this.#isCurrent(item)) continue
      if (item.expiresAtMs <= nowMs) due.push(item)
      else later.push(item)
      if (item.expiresAtMs < dueAtMs) dueAtMs = item.expiresAtMs
    }
    found.soon = [...due, ...later]
    found.dueAtMs = dueAtMs
    if (dueAtMs === Number.POSITIVE_INFINITY) {
      this.#divisions.delete(division)
      this.#last = undefined
    }
    return due
  }

  #lookAhead(found: Division<Item>, division: string, nowMs: EpochMs): void {
    const untilMs = nowMs + LOOKS_AHEAD_MS
    found.soon = []
    found.horizonMs = Number.POSITIVE_INFINITY
    for (const item of this.#running(division)) {
      if (item.state !== "running") continue
      if (item.expiresAtMs < untilMs) found.soon.push(item)
      else if (item.expiresAtMs < found.horizonMs) found.horizonMs = item.expiresAtMs
    }
  }

  #make(name: string): Division<Item> {
    const made = {
      dueAtMs: Number.POSITIVE_INFINITY,
      horizonMs: Number.NEGATIVE_INFINITY,
      soon: [],
    }
    this.#divisions.set(name, made)
    this.#last = made
    return made
  }

  /** The last division looked at is at hand. */
  #of(name: string): Division<Item> | undefined {
    if (name !== this.#lastName || this.#last === undefined) {
      this.#lastName = name
      this.#last = this.#divisions.get(name)
    }
    return this.#last
  }
}

const NOTHING_DUE: readonly never[] = Object.freeze([])
