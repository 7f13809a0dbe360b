import type { DurationMs, EpochMs } from "../../../domain/time.ts"
import type { Invariant, Moment } from "../moment.ts"

/** Holds at every moment: the test says what is broken, or null. */
export const always = (name: string, test: (moment: Moment) => string | null): Invariant => ({
  name,
  watch: () => test,
})

/**
 * Whenever something happens, another thing holds from then on, until `until` happens.
 *
 * @example whenever("no call after a switch", { when: isOff, until: isOn, then: refusesAll })
 */
export const whenever = (
  name: string,
  rule: {
    readonly when: (moment: Moment) => boolean
    readonly until?: (moment: Moment) => boolean
    readonly then: (moment: Moment) => string | null
  },
): Invariant => ({
  name,
  watch: () => {
    let isOn = false
    return (moment) => {
      if (isOn && rule.until?.(moment) === true) isOn = false
      const broken = isOn ? rule.then(moment) : null
      if (rule.when(moment)) isOn = true
      return broken
    }
  },
})

/** Whenever something happens, another thing happens within so long; a story that ends before says nothing. */
export const within = (
  name: string,
  rule: {
    readonly ms: DurationMs
    readonly when: (moment: Moment) => boolean
    readonly then: (moment: Moment) => boolean
  },
): Invariant => ({
  name,
  watch: () => {
    let sinceMs: EpochMs | null = null
    return (moment) => {
      if (rule.then(moment)) sinceMs = null
      if (sinceMs !== null && moment.atMs - sinceMs > rule.ms)
        return `it did not happen within ${rule.ms} ms`
      if (rule.when(moment)) sinceMs ??= moment.atMs
      return null
    }
  },
})

/** All of them, as one. */
export const allOf = (name: string, invariants: readonly Invariant[]): Invariant => ({
  name,
  watch: () => {
    const watched = invariants.map((one) => [one.name, one.watch()] as const)
    return (moment) => {
      for (const [part, test] of watched) {
        const broken = test(moment)
        if (broken !== null) return `${part}: ${broken}`
      }
      return null
    }
  },
})
