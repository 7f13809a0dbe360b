import { budgetOf } from "../../../domain/subject.ts"
import type { DurationMs, EpochMs } from "../../../domain/time.ts"
import type { Invariant } from "../moment.ts"

/** What must be warned of, where. */
export interface WarnsBefore {
  /** Only this budget; every one unless given. */
  readonly budget?: string
  /** `open` is a trip, `latched` a latch; both unless given. */
  readonly state?: "open" | "latched"
  /** So long before, at least; 0 unless given: in the same step, but told first. */
  readonly leastMs?: DurationMs
}

/**
 * Before spend opens or latches a circuit, some channel has heard of a lower level of that account, or a person
 * has acknowledged it. A person's own trip needs no warning.
 *
 * @example warnsBefore({ budget: "key-hour" })
 */
export const warnsBefore = ({ budget, state, leastMs = 0 }: WarnsBefore = {}): Invariant => ({
  name: `a warning before every ${state === "latched" ? "latch" : state === "open" ? "trip" : "trip and latch"}${budget === undefined ? "" : ` of ${budget}`}`,
  ...(budget !== undefined && { about: { budgets: [budget] } }),
  watch: () => {
    const warnedAtMs = new Map<string, EpochMs>()
    const bySpend = new Set<string>()
    return ({ events, atMs }) => {
      for (const event of events) {
        if (event.kind === "tier" && event.channels.length > 0 && !isBlocking(event.effect))
          if (!warnedAtMs.has(event.account)) warnedAtMs.set(event.account, event.atMs)
        if (event.kind !== "circuit") continue
        if (event.state === "closed") {
          // Whoever acknowledges has seen it; what cools down by itself is warned of anew.
          if (event.by !== null) warnedAtMs.set(event.account, event.atMs)
          else if (bySpend.has(event.account)) warnedAtMs.delete(event.account)
          bySpend.delete(event.account)
        }
        if (event.by !== null) continue
        if (event.state !== "open" && event.state !== "latched") continue
        bySpend.add(event.account)
        if (state !== undefined && event.state !== state) continue
        if (budget !== undefined && budgetOf(event.account) !== budget) continue
        const warned = warnedAtMs.get(event.account)
        if (warned !== undefined && atMs - warned >= leastMs) continue
        const late =
          warned === undefined ? "nobody was warned" : `the warning came ${atMs - warned} ms before`
        return `the circuit of ${event.account} is ${event.state}, and ${late}`
      }
      return null
    }
  },
})

const isBlocking = (effect: string): boolean =>
  effect === "block" || effect === "trip" || effect === "latch"
