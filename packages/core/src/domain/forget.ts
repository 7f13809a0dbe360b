import { SOURCE_KEPT_MS } from "./command.ts"
import type { Change } from "./draft.ts"
import type { Account, Ledger, Meter } from "./ledger.ts"
import type { EpochMs } from "./time.ts"

/** Records looked at in one turn: law I14 at a bounded cost per command. */
const ACCOUNTS_LOOKED_AT = 16
const RESERVATIONS_LOOKED_AT = 16
const SOURCES_LOOKED_AT = 2

/**
 * What may be forgotten now, of the few records whose turn it is: periods that are no longer kept, accounts
 * that are closed and empty, expired reservations of such periods, sources silent for a day. Idleness never
 * lifts a latch.
 */
export const forget = (ledger: Ledger, nowMs: EpochMs): readonly Change[] => {
  const changes: Change[] = []
  for (let look = 0; look < RESERVATIONS_LOOKED_AT; look += 1) {
    const reservation = ledger.rounds.next("reservations", ledger.reservations)?.[1]
    if (reservation === undefined) break
    if (
      reservation.state === "expired" &&
      reservation.lines.every(({ period }) => nowMs >= period.keptUntilMs)
    )
      changes.push({ kind: "reservation", key: reservation.id, value: null })
  }
  for (let look = 0; look < ACCOUNTS_LOOKED_AT; look += 1) {
    const account = ledger.rounds.next("accounts", ledger.accounts)?.[1]
    if (account === undefined) break
    const meters = account.meters.filter((meter) => isKept(account, meter, nowMs))
    if (meters.length === account.meters.length) continue
    const isOver = meters.length === 0 && account.circuit.state === "closed"
    changes.push({
      kind: "account",
      key: account.key,
      value: isOver ? null : { ...account, meters },
    })
  }
  for (let look = 0; look < SOURCES_LOOKED_AT; look += 1) {
    const source = ledger.rounds.next("sources", ledger.sources)
    if (source === undefined) break
    const [key, { lastAtMs }] = source
    if (nowMs - lastAtMs >= SOURCE_KEPT_MS) changes.push({ kind: "source", key, value: null })
  }
  return changes
}

/** The period that caused an opening is kept while the circuit is open: a person acknowledges it there. */
const isKept = ({ circuit }: Account, meter: Meter, nowMs: EpochMs): boolean => {
  if (meter.held > 0 || circuit.state !== "closed") return true
  const { idleMs, slidingMs } = meter.terms
  if (idleMs > 0) return nowMs - meter.usedAtMs < idleMs
  if (slidingMs > 0) return nowMs - meter.usedAtMs < 3 * slidingMs
  return nowMs < meter.period.keptUntilMs
}
