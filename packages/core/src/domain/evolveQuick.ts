import type { Line } from "./command.ts"
import type { Reserved, Settled } from "./draft.ts"
import { currentHandles } from "./handles.ts"
import type { Handle, Ledger, Meter } from "./ledger.ts"
import { isMeterOf } from "./meter.ts"
import { type Mutable, putMark, putReservation, reservationOf, sourceFor } from "./records.ts"
import { sourceKey } from "./source.ts"
import { type Amounts, amountsOf } from "./terms.ts"

/** A Reserve that only holds: each line's meter holds its share more. */
export const evolveReserved = (
  ledger: Ledger,
  { command, outcome, atMs, fresh }: Reserved,
): void => {
  const { id, division, lines, base } = command
  const { granted } = outcome
  const hold = granted === 0 ? base : amountsOf(command, granted)
  const lives = holdOn(metersOf(ledger, lines), hold, atMs)
  putReservation(ledger, undefined, reservationOf(command, { granted, hold, lives }))
  const source = sourceFor(ledger, sourceKey(id.source, division), command.done, atMs, fresh)
  source.entries.set(id.n, { command, outcome, ended: null })
}

/** A final Settle that only moves: what was used takes the place of what was held. */
export const evolveSettled = (
  ledger: Ledger,
  { command, outcome, atMs, fresh, marks }: Settled,
): void => {
  const { id, reservation: of, division, actual } = command
  const reservation = ledger.reservations.get(of, division)
  if (reservation !== undefined) {
    const { hold, settled, lines } = reservation
    for (const { meter } of metersOf(ledger, lines)) {
      const moving = meter as Mutable<Meter>
      const { unit, idleMs } = meter.terms
      moving.settled += actual[unit] - settled[unit]
      moving.held += settled[unit] - hold[unit]
      if (idleMs > 0) moving.usedAtMs = Math.max(meter.usedAtMs, atMs)
    }
    ledger.reservations.delete(of, division)
  }
  const key = sourceKey(id.source, division)
  const source = sourceFor(ledger, key, command.done, atMs, fresh)
  source.entries.set(id.n, { command, outcome, ended: null })
  if (marks) putMark(ledger, { ...MARK, key: sourceKey(of.source, division), n: of.n, atMs })
}

const MARK = Object.freeze({ kind: "marked", fresh: false, ended: "settled" } as const)

type Found = Pick<Handle, "meter">

/** When each lifetime began that is held in; null where no line has one. */
const holdOn = (found: readonly Found[], hold: Amounts, atMs: number): readonly number[] | null => {
  let lives: number[] | null = null
  for (let at = 0; at < found.length; at += 1) {
    const meter = (found[at] as Found).meter as Mutable<Meter>
    meter.held += hold[meter.terms.unit]
    if (meter.terms.idleMs === 0) continue
    lives ??= found.map(() => 0)
    lives[at] = meter.bornAtMs
    meter.usedAtMs = Math.max(meter.usedAtMs, atMs)
  }
  return lives
}

/** The meters of the lines: those at hand where they are current, else looked up; lines without one are left out. */
const metersOf = (ledger: Ledger, lines: readonly Line[]): readonly Found[] =>
  currentHandles(ledger, lines) ?? lookedUp(ledger, lines)

const lookedUp = (ledger: Ledger, lines: readonly Line[]): readonly Found[] =>
  lines.flatMap((line) => {
    const account = ledger.accounts.get(line.account)
    const meter = account?.meters.find((one) => isMeterOf(one, line))
    return meter === undefined ? [] : [{ meter }]
  })
