import { type Account, type Circuit, type Meter, remembered } from "../../domain/ledger.ts"
import { isIdle } from "../../domain/meter.ts"
import type { Outcome } from "../../domain/outcome.ts"

/** A value as text: fields in order of their names, whatever order a store gives them back in. */
export const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, member: unknown) => {
    if (typeof member === "number" && !Number.isFinite(member)) return String(member)
    if (typeof member !== "object" || member === null || Array.isArray(member)) return member
    return Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
  }) ?? "nothing"

/** An outcome without the text for people, which must be there and may be any. */
export const meantBy = (outcome: Outcome): unknown => {
  if (outcome.kind !== "error") return outcome
  const { detail, ...rest } = outcome
  return { ...rest, hasDetail: typeof detail === "string" && detail !== "" }
}

/**
 * An account as far as it counts at an instant: what a store may have forgotten by then is left out, and
 * lists that have no order are sorted.
 */
export const countedAt = (account: Account | null, nowMs: number): unknown => {
  if (account === null) return null
  const circuit = remembered(account.circuit, nowMs)
  const meters = account.meters.filter((meter) => countsAt(meter, nowMs))
  if (meters.length === 0 && circuit.state === "closed" && circuit.generation === 0) return null
  return {
    key: account.key,
    division: account.division,
    circuit: circuitOf(circuit),
    meters: meters.map((meter) => meterOf(meter, nowMs)),
  }
}

const circuitOf = (circuit: Circuit): unknown =>
  circuit.state === "closed" ? circuit : { ...circuit, told: [...circuit.told].sort() }

const countsAt = (meter: Meter, nowMs: number): boolean => {
  if (meter.held > 0 || meter.notes.told.length > 0) return true
  const { idleMs, slidingMs } = meter.terms
  if (idleMs > 0 || slidingMs > 0) return !isIdle(meter, nowMs)
  return nowMs < meter.period.keptUntilMs
}

const meterOf = (meter: Meter, nowMs: number): unknown => {
  const { period, terms, settled, held, notes, usedAtMs, bornAtMs } = meter
  const isSliding = terms.slidingMs > 0
  return {
    period: isSliding ? null : period,
    terms,
    settled: isSliding ? null : settled,
    held,
    usedAtMs,
    bornAtMs,
    notes: {
      ...notes,
      buckets: notes.buckets
        .filter((bucket) => bucket.period.keptUntilMs > nowMs && bucket.settled !== 0)
        .sort((a, b) => a.period.startMs - b.period.startMs),
      marks: [...notes.marks].sort((a, b) => a.at - b.at || a.repeat - b.repeat),
      said: [...notes.said].sort(),
      told: [...notes.told].sort(),
    },
  }
}
