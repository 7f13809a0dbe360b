import type { Settle } from "../command.ts"
import type { Draft } from "../draft.ts"
import type { Reservation } from "../ledger.ts"
import { markEnded } from "../once.ts"
import type { Outcome } from "../outcome.ts"
import { move } from "../raise.ts"
import type { Amounts } from "../terms.ts"
import { drains, heldOf, unknown, unposted } from "./parts.ts"

/** Moves from held to settled; amounts are cumulative, and an older `seq` changes nothing. */
export const settle = (draft: Draft, command: Settle): Outcome => {
  const { reservation: id, division, seq, actual, final } = command
  const found = draft.reservation(id, division)
  if (found === undefined) return unknown(draft, id, division)
  if (seq <= found.seq) return { kind: "settled", drain: drains(draft, found), skipped: [] }
  const skipped = post(draft, found, { actual, final, seq })
  if (skipped === null) return unposted(found.lines.map(({ account }) => account))
  if (final) markEnded(draft, id, division, "settled")
  return { kind: "settled", drain: drains(draft, found), skipped }
}

/**
 * Replaces what a reservation contributes by what is known now.
 *
 * @returns the accounts passed over, whose period is no longer kept; null where that is all of them
 */
export const post = (
  draft: Draft,
  found: Reservation,
  {
    actual,
    final,
    seq,
  }: { readonly actual: Amounts; readonly final: boolean; readonly seq: number },
): readonly string[] | null => {
  const runs = found.state === "running"
  const settled = runs || final ? actual : larger(found.settled, actual)
  const skipped = found.lines
    .filter((line, at) => found.skipped.includes(line.account) || !draft.counts(found, line, at))
    .map(({ account }) => account)
  if (skipped.length === found.lines.length && skipped.length > 0) return null
  for (const line of found.lines) {
    if (skipped.includes(line.account)) continue
    const { unit } = line.terms
    const heldBefore = runs ? heldOf(found.hold[unit], found.settled[unit]) : 0
    const heldAfter = runs && !final ? heldOf(found.hold[unit], settled[unit]) : 0
    move(draft, line, {
      settled: settled[unit] - found.settled[unit],
      held: heldAfter - heldBefore,
    })
  }
  if (final) draft.endReservation(found)
  else draft.putReservation({ ...found, settled, actual, seq, skipped })
  return skipped
}

const larger = (one: Amounts, other: Amounts): Amounts => ({
  usd: Math.max(one.usd, other.usd),
  tokens: Math.max(one.tokens, other.tokens),
  requests: Math.max(one.requests, other.requests),
})
