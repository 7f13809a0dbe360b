import type { Account, Circuit } from "./ledger.ts"
import { endsAt } from "./periodEnd.ts"
import type { EpochMs } from "./time.ts"

/** The first instant at which an account may move by itself, as it stands; null where it does not. */
export const dueOf = ({ circuit, meters }: Account): EpochMs | null => {
  let dueMs = movesAt(circuit)
  for (const meter of meters) {
    const endMs = endsAt(meter)
    if (endMs !== null) dueMs = Math.min(endMs, dueMs ?? endMs)
  }
  return dueMs
}

const movesAt = (circuit: Circuit): EpochMs | null => {
  if (circuit.state === "closed") return null
  return circuit.state === "latched" ? (circuit.escalation?.untilMs ?? null) : circuit.untilMs
}
