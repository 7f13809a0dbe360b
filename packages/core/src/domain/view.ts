import { allowanceOf, binds, circuitAt } from "./circuit.ts"
import type { Line } from "./command.ts"
import { type Account, type Circuit, CLOSED, remembered } from "./ledger.ts"
import { capOf, highestFired, isIdle, isMeterOf, settledAt } from "./meter.ts"
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
  /** The generation that took the circuit from closed, by which its incident is named; null while it is closed. */
  readonly since: number | null
  /** When the circuit moves by itself; null where it does not. */
  readonly untilMs: EpochMs | null
  /** The highest level that has fired in the period; 0 for none. */
  readonly level: number
}

/** Judges an account for a line at an instant, without writing anything: overdue holds still show as held. */
export const viewOf = (account: Account | null, line: Line, nowMs: EpochMs): View => {
  const found = account?.meters.find((other) => isMeterOf(other, line))
  const meter = found !== undefined && isIdle(found, nowMs) ? undefined : found
  const settled = meter === undefined ? 0 : settledAt(meter, nowMs)
  const held = meter?.held ?? 0
  const cap = capOf(meter, line.terms, nowMs)
  const circuit = judged(account, line, nowMs)
  const bound = Math.min(cap, allowanceOf(circuit, meter))
  return {
    settled,
    held,
    cap,
    remaining: Math.max(0, bound - settled - held),
    limit: line.terms.limit,
    circuit: circuit.state,
    generation: circuit.generation,
    since: circuit.state === "closed" ? null : circuit.since,
    untilMs: circuit.state === "open" || circuit.state === "half-open" ? circuit.untilMs : null,
    level: meter === undefined ? 0 : highestFired(meter),
  }
}

const judged = (account: Account | null, line: Line, nowMs: EpochMs): Circuit => {
  if (account === null) return CLOSED
  const circuit = remembered(circuitAt(account, nowMs), nowMs)
  if (binds(circuit, line.terms.observe)) return circuit
  return { ...CLOSED, generation: circuit.generation }
}
