import { binds, refuses } from "../circuit.ts"
import type { Command, CommandId, Line } from "../command.ts"
import type { Draft } from "../draft.ts"
import type { Reservation } from "../ledger.ts"
import { noted } from "../meter.ts"
import { ended } from "../once.ts"
import type { CommandError, Outcome } from "../outcome.ts"
import { reservationName } from "../source.ts"

export type Failed = Outcome & { kind: "error" }

export const failed = (error: CommandError, detail: string): Failed => ({
  kind: "error",
  error,
  detail,
})

export const skewed = (): Failed =>
  failed("skewed", "`issuedAt` is more than 10 minutes from the store's clock; issue anew")

export const overflow = (what: string): Failed => failed("overflow", `${what} would pass 2^53 − 1`)

export const unposted = (accounts: readonly string[]): Failed =>
  failed("unknown-period", `no period of ${accounts.map((key) => `\`${key}\``).join(", ")} is kept`)

/** What is said of a reservation that is not there: never heard of, or ended. */
export const unknown = (draft: Draft, id: CommandId, division: string): Failed =>
  ended(draft, id, division) === null
    ? failed("unknown-reservation", "no reservation of this name is known")
    : failed("not-running", "the reservation has ended")

/** A switch or circuit of its lines refuses by now. */
export const drains = (draft: Draft, reservation: Reservation): boolean =>
  reservation.switches.some((key) => draft.switchedOff(key) !== undefined) ||
  reservation.lines.some((line) => {
    const { circuit } = draft.account(line)
    return !line.terms.observe && binds(circuit, false) && refuses(circuit, draft.nowMs)
  })

/** An admission ends a row of refusals. */
export const admitted = (draft: Draft, line: Line): void => {
  const meter = draft.meter(line)
  const { refusals, busySinceMs } = meter.notes
  if (refusals > 0 || busySinceMs !== null)
    draft.putMeter(line, noted(meter, { refusals: 0, refusedAtMs: null, busySinceMs: null }))
}

/** Of lines whose window is a lifetime, when the present life began; null where there is none. */
export const livesOf = (draft: Draft, lines: readonly Line[]): readonly number[] | null =>
  lines.some(({ terms }) => terms.idleMs > 0)
    ? lines.map((line) => (line.terms.idleMs > 0 ? draft.meter(line).bornAtMs : 0))
    : null

/** What of a hold is still held beside what is settled of it. */
export const heldOf = (hold: number, settled: number): number => Math.max(0, hold - settled)

/** An operator's command is told to whoever keeps the audit trail. */
export const audit = (
  draft: Draft,
  command: Extract<Command, { by: string }>,
  target: string,
): void => {
  const id = `${reservationName(command.id, command.division)}/audit`
  const { kind: verb, by, why } = command
  draft.events.push({ kind: "audit", id, atMs: draft.nowMs, channels: [], verb, target, by, why })
}
