import { SOURCE_KEPT_MS } from "./command.ts"
import type { Change } from "./draft.ts"
import type { Account, Ledger, Meter, Reservation } from "./ledger.ts"
import type { EpochMs } from "./time.ts"

/**
 * What may be forgotten now, of the few records whose turn it is: periods that are no longer kept, accounts
 * that are closed and empty, expired reservations of such periods, sources silent for a day. Idleness never
 * lifts a latch. Law I14, at a bounded cost per command.
 */
export const forget = (ledger: Ledger, nowMs: EpochMs): readonly Change[] => {
  const { rounds, reservations, accounts, sources } = ledger
  const looks = rounds.takeLooks()
  const changes: Change[] = []
  for (let look = 0; look < looks; look += 1) {
    const reservation = rounds.next("reservations", () => reservations.values())
    if (reservation === undefined) break
    const { id, division } = reservation
    if (isOver(ledger, reservation, nowMs))
      changes.push({ kind: "reservation", id, division, value: null })
  }
  for (let look = 0; look < looks; look += 1) {
    const account = rounds.next("accounts", () => accounts.values())
    if (account === undefined) break
    const meters = account.meters.filter((meter) => isKept(account, meter, nowMs))
    if (meters.length === account.meters.length) continue
    const isEmpty = meters.length === 0 && account.circuit.state === "closed"
    const value = isEmpty ? null : { ...account, meters }
    changes.push({ kind: "account", key: account.key, value })
  }
  for (let look = 0; look < looks; look += 1) {
    const source = rounds.next("sources", () => sources.entries())
    if (source === undefined) break
    const [key, { lastAtMs }] = source
    if (nowMs - lastAtMs >= SOURCE_KEPT_MS) changes.push({ kind: "source", key, value: null })
  }
  return changes
}

/** An expired reservation is known as long as one of its periods; a lifetime as long as its meter. */
const isOver = (ledger: Ledger, { state, lines }: Reservation, nowMs: EpochMs): boolean =>
  state === "expired" &&
  lines.every(({ account, period, terms }) =>
    terms.idleMs > 0 ? !ledger.accounts.has(account) : nowMs >= period.keptUntilMs,
  )

/** The period that caused an opening is kept while the circuit is open: a person acknowledges it there. */
const isKept = ({ circuit }: Account, meter: Meter, nowMs: EpochMs): boolean => {
  if (meter.held > 0 || circuit.state !== "closed") return true
  const { idleMs, slidingMs } = meter.terms
  if (idleMs > 0) return nowMs - meter.usedAtMs < idleMs
  if (slidingMs > 0) return nowMs - meter.usedAtMs < 3 * slidingMs
  return nowMs < meter.period.keptUntilMs
}
