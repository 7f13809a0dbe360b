import { type Account, type Change, type Circuit, NO_NOTES } from "@spendfuse/core/domain"

/**
 * An account as it is kept today, from one of an older format: until 2 an opening did not say which incident
 * it goes on, a latch had no channels that wait, and a meter did not remember who heard of it. What is no
 * account stays as it is, for the ledger to refuse.
 */
export const accountOf = (kept: Account): Account =>
  Array.isArray(kept.meters)
    ? {
        ...kept,
        circuit: circuitOf(kept.circuit),
        meters: kept.meters.map((meter) => ({ ...meter, notes: { ...NO_NOTES, ...meter.notes } })),
      }
    : kept

/** The same of what a decision writes. */
export const changeOf = (change: Change): Change =>
  change.kind === "account" && change.value !== null
    ? { ...change, value: accountOf(change.value) }
    : change

const circuitOf = (circuit: Circuit): Circuit => {
  if (circuit.state === "closed") return circuit
  const { since = circuit.generation } = circuit as Partial<typeof circuit>
  return circuit.state === "latched"
    ? { ...circuit, since, escalation: circuit.escalation ?? null }
    : { ...circuit, since }
}
