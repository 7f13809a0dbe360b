import { admit } from "../admit.ts"
import { type Reserve, SKEW_MAX_MS } from "../command.ts"
import type { Draft } from "../draft.ts"
import type { Outcome } from "../outcome.ts"
import { move } from "../raise.ts"
import { NOTHING } from "../terms.ts"
import { admitted, amountsOf, overflow, skewed } from "./parts.ts"

/** Holds on all lines or on none: the largest grant that every line allows. */
export const reserve = (draft: Draft, command: Reserve): Outcome => {
  if (Math.abs(command.issuedAtMs - draft.nowMs) > SKEW_MAX_MS) return skewed()
  const verdict = admit(draft, command)
  if (verdict.kind === "refused") return verdict
  if (verdict.kind === "overflow") return overflow(verdict.account)
  const { granted } = verdict
  const hold = amountsOf(command, granted)
  for (const line of command.lines) {
    move(draft, line, { settled: 0, held: hold[line.terms.unit] })
    admitted(draft, line)
  }
  const { id, division, lines, switches, expiresAtMs, via } = command
  draft.putReservation({
    id,
    division,
    lines,
    switches,
    granted,
    expiresAtMs,
    state: "running",
    seq: 0,
    hold,
    settled: NOTHING,
    actual: NOTHING,
    skipped: [],
    via,
  })
  return { kind: "reserved", granted }
}
