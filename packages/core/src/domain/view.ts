import { allowanceOf } from "./circuit.ts"
import type { Line } from "./command.ts"
import type { Account, Circuit } from "./ledger.ts"
import { capOf, highestFired, isMeterOf, settledAt } from "./meter.ts"
import type { EpochMs } from "./time.ts"

/** An account as judged at one instant; amounts in the unit of the line's terms. */
export interface View {
  readonly settled: number
  readonly held: number
  /** Infinity where no tier blocks. */
  readonly cap: number
  /** What still fits: never below 0, Infinity where there is no cap. */
  readonly remaining: number
  readonly limit: number
  /** A circuit whose time is over is shown as it would be found, though no command has moved it yet. */
  readonly circuit: Circuit["state"]
  readonly generation: number
  /** When the circuit moves by itself; null where it does not. */
  readonly untilMs: EpochMs | null
  /** The highest level that has fired in the period; 0 for none. */
  readonly level: number
}

/** Judges an account for a line at an instant, without writing anything: overdue holds still show as held. */
export const viewOf = (account: Account | null, line: Line, nowMs: EpochMs): View => {
  const meter = account?.meters.find((other) => isMeterOf(other, line))
  const settled = meter === undefined ? 0 : settledAt(meter, nowMs)
  const held = meter?.held ?? 0
  const cap = capOf(meter, line.terms, nowMs)
  const { circuit, untilMs } = judged(account?.circuit, nowMs)
  const isProbed = account?.circuit.state === "half-open" && circuit === "half-open"
  const bound =
    isProbed && meter !== undefined ? Math.min(cap, allowanceOf(account.circuit, meter)) : cap
  return {
    settled,
    held,
    cap,
    remaining: Math.max(0, bound - settled - held),
    limit: line.terms.limit,
    circuit,
    generation: account?.circuit.generation ?? 0,
    untilMs,
    level: meter === undefined ? 0 : highestFired(meter),
  }
}

const judged = (
  circuit: Circuit | undefined,
  nowMs: EpochMs,
): { circuit: Circuit["state"]; untilMs: EpochMs | null } => {
  if (circuit === undefined || circuit.state === "closed")
    return { circuit: "closed", untilMs: null }
  if (circuit.state === "latched") return { circuit: "latched", untilMs: null }
  if (nowMs < circuit.untilMs) return { circuit: circuit.state, untilMs: circuit.untilMs }
  if (circuit.state === "half-open" || circuit.probation === null)
    return { circuit: "closed", untilMs: null }
  return { circuit: "half-open", untilMs: nowMs + circuit.probation.forMs }
}
