import type { MeterFacts } from "./event.ts"
import type { Account, Circuit, Meter } from "./ledger.ts"
import { capOf, settledAt } from "./meter.ts"
import type { Terms } from "./terms.ts"
import type { EpochMs } from "./time.ts"
import type { Period } from "./window.ts"

/** A circuit that is not closed. */
export type Opened = Exclude<Circuit, { state: "closed" }>

/** The name of a meter's life: it is part of the ids of what is told of it. */
export const meterName = (account: string, { terms, period, bornAtMs }: Meter): string =>
  `${account}@${terms.slidingMs > 0 || terms.idleMs > 0 ? bornAtMs : period.startMs}`

/** What an event of a meter belongs to whose circuit is closed; an end that was told begins another. */
export const meterIncident = (account: string, meter: Meter): string => {
  const { ends } = meter.notes
  const name = meterName(account, meter)
  return ends === 0 ? name : `${name}+${ends}`
}

/** What everything belongs to from an opening to the closing. */
export const circuitIncident = (account: string, { since }: Opened): string => `${account}/${since}`

/**
 * The incidents that an account may have open: that of its circuit where it is not closed, and those of its meters.
 *
 * @example incidentsOf(account) // => ["key-hour/k1/3", "key-hour/k1@1768471200000"]
 */
export const incidentsOf = ({ key, circuit, meters }: Account): readonly string[] => [
  ...(circuit.state === "closed" ? [] : [circuitIncident(key, circuit)]),
  ...meters.map((meter) => meterIncident(key, meter)),
]

/** The facts at an instant, under the terms and in the period of whoever asks. */
export const meterFacts = (
  meter: Meter,
  { terms, period }: { readonly terms: Terms; readonly period: Period },
  nowMs: EpochMs,
): MeterFacts => {
  const cap = capOf(meter, terms, nowMs)
  return {
    periodStartMs: period.startMs,
    periodEndMs: period.endMs,
    settled: settledAt(meter, nowMs),
    held: meter.held,
    limit: terms.limit,
    cap: cap === Number.POSITIVE_INFINITY ? null : cap,
    unit: terms.unit,
  }
}

/** Channels without repetition, those that were there first. */
export const joined = (one: readonly string[], other: readonly string[]): readonly string[] =>
  other.length === 0 ? one : [...new Set([...one, ...other])]
