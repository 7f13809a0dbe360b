import { SKEW_MAX_MS } from "../domain/command.ts"
import type { DurationMs } from "../domain/time.ts"

/** One thing that an inspection of a store looked at. */
export interface StoreCheck {
  /** What was looked at, in kebab case: for scripts. */
  readonly name: string
  /** `fail` may let the caps be passed or lose what they know; `warn` is a risk to know of, or was not seen. */
  readonly state: "ok" | "warn" | "fail"
  /** What was found. */
  readonly found: string
  /** What that means for a fuse; null where all is well. */
  readonly means: string | null
  /** What to do about it; null where all is well. */
  readonly mend: string | null
}

/** What an inspection found: facts by their names, and checks. Neither holds a secret. */
export interface StoreInspection {
  readonly facts: Readonly<Record<string, string>>
  readonly checks: readonly StoreCheck[]
}

/** What is wrong, what it means, what to do. */
export type StoreFault = readonly [state: "warn" | "fail", means: string, mend: string]

/**
 * All is well, or the first thing that is wrong.
 *
 * @example storeCheck("replicas", "none", ["warn", "a lost server loses all", "add a replica"])
 */
export const storeCheck = (name: string, found: string, wrong: StoreFault | false): StoreCheck => {
  if (wrong === false) return { name, state: "ok", found, means: null, mend: null }
  const [state, means, mend] = wrong
  return { name, state, found, means, mend }
}

/** The check of a server's clock, which is this much ahead of the host's. */
export const storeClockCheck = (aheadMs: DurationMs): StoreCheck => {
  const apart = Math.abs(aheadMs)
  const found = `the server's is ${apart} ms ${aheadMs < 0 ? "behind" : "ahead of"} this host's`
  return storeCheck(
    "clock",
    found,
    apart >= WARN_MS && [
      apart >= SKEW_MAX_MS ? "fail" : "warn",
      apart >= SKEW_MAX_MS
        ? "commands of this host are refused: they are issued more than ten minutes from the server's time"
        : "this host's calls may count in the period beside theirs at its edges",
      "synchronise both clocks (NTP)",
    ],
  )
}

const WARN_MS: DurationMs = 2_000
