import { admit } from "../admit.ts"
import { type Extend, SKEW_MAX_MS } from "../command.ts"
import type { Draft } from "../draft.ts"
import type { Reservation } from "../ledger.ts"
import { isAmount } from "../money.ts"
import type { Outcome } from "../outcome.ts"
import { move } from "../raise.ts"
import { type Amounts, amountsOf } from "../terms.ts"
import { admitted, drains, failed, heldOf, livesOf, overflow, skewed, unknown } from "./parts.ts"

/** Raises a running reservation, all lines or none; what asks for nothing is the heartbeat. */
export const extend = (draft: Draft, command: Extend): Outcome => {
  const found = draft.reservation(command.reservation, command.division)
  if (found === undefined) return unknown(draft, command.reservation, command.division)
  if (found.state !== "running") return failed("not-running", "the reservation has expired")
  const expiresAtMs = Math.max(found.expiresAtMs, command.expiresAtMs ?? 0)
  if (!asksForMore(command)) {
    draft.putReservation({ ...found, expiresAtMs })
    return { kind: "extended", granted: 0, drain: drains(draft, found) }
  }
  if (Math.abs(command.issuedAtMs - draft.nowMs) > SKEW_MAX_MS) return skewed()
  const over = found.lines.find((line) => draft.nowMs >= line.period.endMs)
  if (over !== undefined)
    return failed("period-over", `the period of \`${over.account}\` is over; reserve anew`)
  return raise(draft, command, found, expiresAtMs)
}

const asksForMore = ({ units, base }: Extend): boolean =>
  units.most > 0 || base.usd > 0 || base.tokens > 0 || base.requests > 0

const raise = (draft: Draft, command: Extend, found: Reservation, expiresAtMs: number): Outcome => {
  const { lines, switches, via } = found
  const verdict = admit(draft, { ...command, lines, switches, via, swallowed: 0, raises: true })
  if (verdict.kind === "refused") return verdict
  if (verdict.kind === "overflow") return overflow(verdict.what)
  const { granted } = verdict
  const hold = sum(found.hold, amountsOf(command, granted))
  if (!isAmount(hold.usd) || !isAmount(hold.tokens) || !isAmount(hold.requests))
    return overflow("the hold")
  for (const line of lines) {
    const { unit } = line.terms
    const held =
      heldOf(hold[unit], found.settled[unit]) - heldOf(found.hold[unit], found.settled[unit])
    move(draft, line, { settled: 0, held })
    admitted(draft, line)
  }
  draft.putReservation({
    ...found,
    hold,
    granted: found.granted + granted,
    expiresAtMs,
    lives: livesOf(draft, lines),
  })
  return { kind: "extended", granted, drain: drains(draft, found) }
}

const sum = (one: Amounts, other: Amounts): Amounts => ({
  usd: one.usd + other.usd,
  tokens: one.tokens + other.tokens,
  requests: one.requests + other.requests,
})
