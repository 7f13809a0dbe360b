import { EXPIRE_MAX } from "./command.ts"
import type { EpochMs } from "./time.ts"

interface Division {
  /** By key, when it may move at the earliest. */
  readonly dues: Map<string, EpochMs>
  /** None is due before this. */
  soonestMs: EpochMs
}

/** Accounts that move by themselves in time, by division: so that an Expire looks at these alone. */
export class Timed {
  readonly #divisions = new Map<string, Division>()

  /** An account was written that moves at `dueMs` at the earliest, or not by itself. */
  put(
    { key, division }: { readonly key: string; readonly division: string },
    dueMs: EpochMs | null,
  ): void {
    if (dueMs === null) {
      this.delete(key, division)
      return
    }
    const found = this.#divisions.get(division)
    if (found === undefined)
      this.#divisions.set(division, { dues: new Map([[key, dueMs]]), soonestMs: dueMs })
    else {
      found.dues.set(key, dueMs)
      found.soonestMs = Math.min(found.soonestMs, dueMs)
    }
  }

  delete(key: string, division: string): void {
    const found = this.#divisions.get(division)
    found?.dues.delete(key)
    if (found?.dues.size === 0) this.#divisions.delete(division)
  }

  /** Nothing of the division is due before this; Infinity where nothing moves by itself. */
  soonestOf(division: string): EpochMs {
    return this.#divisions.get(division)?.soonestMs ?? Number.POSITIVE_INFINITY
  }

  /**
   * The first 128 of those that are due, in the order of their names, so that every store moves the same.
   *
   * @param dueOf when one is due as it stands: meters that move in place make it later, never sooner
   */
  dueBy(
    division: string,
    nowMs: EpochMs,
    dueOf: (key: string) => EpochMs | null,
  ): readonly string[] {
    const found = this.#divisions.get(division)
    if (found === undefined || nowMs < found.soonestMs) return []
    const due: string[] = []
    found.soonestMs = Number.POSITIVE_INFINITY
    for (const [key, knownMs] of found.dues) {
      let dueMs = knownMs
      if (knownMs <= nowMs) {
        dueMs = dueOf(key) ?? Number.POSITIVE_INFINITY
        found.dues.set(key, dueMs)
      }
      if (dueMs <= nowMs) due.push(key)
      found.soonestMs = Math.min(found.soonestMs, dueMs)
    }
    return due.sort().slice(0, EXPIRE_MAX)
  }
}
