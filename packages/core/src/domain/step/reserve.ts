import { admit } from "../admit.ts"
import { type Reserve, SKEW_MAX_MS } from "../command.ts"
import type { Draft } from "../draft.ts"
import type { Outcome } from "../outcome.ts"
import { move } from "../raise.ts"
import { reservationOf } from "../records.ts"
import { amountsOf } from "../terms.ts"
import { admitted, failed, livesOf, overflow, skewed } from "./parts.ts"

/** Holds on all lines or on none: the largest grant that every line allows. */
export const reserve = (draft: Draft, command: Reserve): Outcome => {
  if (Math.abs(command.issuedAtMs - draft.nowMs) > SKEW_MAX_MS) return skewed()
  const { id, division, lines } = command
  if (draft.reservation(id, division) !== undefined)
    return failed("conflict", `number ${id.n} is that of a reservation that runs`)
  const verdict = admit(draft, { ...command, raises: false })
  if (verdict.kind === "refused") return verdict
  if (verdict.kind === "overflow") return overflow(verdict.what)
  const { granted } = verdict
  const hold = amountsOf(command, granted)
  for (const line of lines) {
    move(draft, line, { settled: 0, held: hold[line.terms.unit] })
    admitted(draft, line)
  }
  const lives = livesOf(draft, lines)
  draft.putReservation(reservationOf(command, { granted, hold, lives }))
  return { kind: "reserved", granted }
}
