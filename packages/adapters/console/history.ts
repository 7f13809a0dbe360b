import type { Account, LoggedEvent } from "./views.ts"

/** What was settled at an instant, in the account's unit. */
export interface Point {
  readonly atMs: number
  readonly settled: number
}

/** How fast an account spends. */
export interface Burn {
  readonly perMs: number
  /** Whether it is the pace of the last minutes, or the mean of the period so far. */
  readonly isRecent: boolean
}

const POINTS_MAX = 120
const RECENT_MS = 300_000
const SHORTEST_MS = 10_000

/** What this page has seen of each account since it was opened: the API keeps no curve. */
export class History {
  readonly #points = new Map<string, { readonly startMs: number | null; points: Point[] }>()

  /** Takes in what the accounts are now; those that are not among them are forgotten. */
  see(accounts: readonly Account[], atMs: number): void {
    const keys = new Set(accounts.map(({ key }) => key))
    for (const key of this.#points.keys()) if (!keys.has(key)) this.#points.delete(key)
    for (const { key, settled, periodStartMs } of accounts) {
      const point = { atMs, settled: Number(settled) }
      const known = this.#points.get(key)
      const isNewPeriod = known === undefined || known.startMs !== periodStartMs
      if (isNewPeriod) this.#points.set(key, { startMs: periodStartMs, points: [point] })
      else known.points = [...known.points, point].slice(-POINTS_MAX)
    }
  }

  /** The curve of an account: from its period's start, by what events told, to what was seen. */
  curveOf({ key, periodStartMs }: Account, events: readonly LoggedEvent[]): readonly Point[] {
    const seen = this.#points.get(key)?.points ?? []
    const first = seen[0] ?? { atMs: 0, settled: 0 }
    // The server's clock may be ahead of this one: what was told cannot be more than what was seen after it.
    const told = events
      .filter(({ account, periodStartMs: startMs }) => account === key && startMs === periodStartMs)
      .map(({ atMs, settled = "0" }) => ({ atMs, settled: Number(settled) }))
      .filter(({ atMs, settled }) => atMs < first.atMs && settled <= first.settled)
    const start = periodStartMs === null ? [] : [{ atMs: periodStartMs, settled: 0 }]
    return [...start, ...told.sort((one, other) => one.atMs - other.atMs), ...seen]
  }

  /** Null where too little is known. */
  burnOf({ key, periodStartMs }: Account): Burn | null {
    const points = this.#points.get(key)?.points ?? []
    const last = points.at(-1)
    if (last === undefined) return null
    const first = points.find(({ atMs }) => last.atMs - atMs <= RECENT_MS)
    if (first !== undefined && last.atMs - first.atMs >= SHORTEST_MS)
      return { perMs: paceOf(first, last), isRecent: true }
    if (periodStartMs === null || last.atMs - periodStartMs < SHORTEST_MS) return null
    return { perMs: paceOf({ atMs: periodStartMs, settled: 0 }, last), isRecent: false }
  }
}

const paceOf = (first: Point, last: Point): number =>
  Math.max(0, (last.settled - first.settled) / (last.atMs - first.atMs))
