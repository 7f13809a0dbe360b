import type { Expire } from "../command.ts"
import { type Change, Draft } from "../draft.ts"
import { dueOf } from "../due.ts"
import type { DomainEvent } from "../event.ts"
import { evolve } from "../evolve.ts"
import type { Ledger, Reservation } from "../ledger.ts"
import { look } from "../look.ts"
import type { Outcome } from "../outcome.ts"
import { move } from "../raise.ts"
import { reservationName } from "../source.ts"
import type { EpochMs } from "../time.ts"
import { heldOf } from "./parts.ts"

/** Moves accounts that are due, so that it is heard without traffic; the sweep has ended what is overdue. */
export const expire = (
  draft: Draft,
  { division }: Expire,
  reservations: readonly string[],
): Outcome => {
  const { accounts, timed } = draft.ledger
  const dueMsOf = (key: string): EpochMs | null => {
    const account = accounts.get(key)
    return account === undefined ? null : dueOf(account)
  }
  for (const account of timed.dueBy(division, draft.nowMs, dueMsOf))
    look(draft, draft.account({ account, division }))
  return { kind: "expired", reservations }
}

/** What a sweep did: names of the reservations it ended, oldest first. */
export interface Swept {
  readonly ids: readonly string[]
  readonly events: readonly DomainEvent[]
  readonly changes: readonly Change[]
}

export const NONE_SWEPT: Swept = { ids: [], events: [], changes: [] }

/** Ends overdue reservations, oldest first, and writes it: the whole hold counts as spent until someone knows better. */
export const sweep = (ledger: Ledger, division: string, nowMs: EpochMs, most: number): Swept => {
  const overdue = ledger.expiries.takeDue(division, nowMs, most)
  if (overdue.length === 0) return NONE_SWEPT
  const ids: string[] = []
  const events: DomainEvent[] = []
  const changes: Change[] = []
  for (const reservation of overdue) {
    const draft = new Draft(ledger, nowMs)
    ids.push(end(draft, reservation))
    const own = draft.changes
    evolve(ledger, own)
    events.push(...draft.events)
    changes.push(...own)
  }
  return { ids, events, changes }
}

const end = (draft: Draft, reservation: Reservation): string => {
  const { hold, settled } = reservation
  for (const line of reservation.lines) {
    const { unit } = line.terms
    const assumed = heldOf(hold[unit], settled[unit])
    move(draft, line, { settled: assumed, held: -assumed })
  }
  draft.putReservation({
    ...reservation,
    state: "expired",
    settled: {
      usd: Math.max(hold.usd, settled.usd),
      tokens: Math.max(hold.tokens, settled.tokens),
      requests: Math.max(hold.requests, settled.requests),
    },
  })
  const name = reservationName(reservation.id, reservation.division)
  draft.events.push({
    kind: "expired",
    id: `${name}/expired`,
    atMs: draft.nowMs,
    channels: [],
    reservation: name,
  })
  return name
}
