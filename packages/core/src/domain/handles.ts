import type { Line } from "./command.ts"
import type { Account, Handle, Ledger, Limits, Meter, Notes } from "./ledger.ts"
import { capOf, isMeterOf, markOf } from "./meter.ts"
import { endsAt } from "./periodEnd.ts"
import { levelAbove, type Terms } from "./terms.ts"
import type { EpochMs } from "./time.ts"

/**
 * The meters of these lines at hand; null where one of them is not the plain kind: of a closed
 * account, of these very terms, not sliding, not observed, with nothing to count or to say.
 *
 * They are looked up once for a list of lines, and again when one of the accounts was written in between.
 */
export const handlesOf = (ledger: Ledger, lines: readonly Line[]): readonly Handle[] | null => {
  const known = currentHandles(ledger, lines)
  if (known !== undefined) return known
  const made: Handle[] = []
  for (const line of lines) {
    const handle = handleOf(ledger, line)
    if (handle === null) return null
    made.push(handle)
  }
  ledger.handles.set(lines, made)
  return made
}

/** The handles that were made for the lines, where all their meters are still in place. */
export const currentHandles = (
  { handles }: Ledger,
  lines: readonly Line[],
): readonly Handle[] | undefined => {
  const known = handles.get(lines)
  if (known === undefined || handles.current === lines) return known
  for (const { meter } of known) if (meter.period === REPLACED) return undefined
  handles.current = lines
  return known
}

/** The period of a meter that is no longer in its ledger: whoever still has it at hand looks again. */
export const REPLACED: Meter["period"] = Object.freeze({
  startMs: Number.NEGATIVE_INFINITY,
  endMs: Number.NEGATIVE_INFINITY,
  keptUntilMs: Number.NEGATIVE_INFINITY,
})

const handleOf = (ledger: Ledger, line: Line): Handle | null => {
  const account = ledger.accounts.get(line.account)
  if (account === undefined || account.circuit.state !== "closed") return null
  const meter = account.meters.find((other) => isMeterOf(other, line))
  if (meter === undefined || meter.terms !== line.terms) return null
  const { terms, notes } = meter
  if (terms.observe || terms.slidingMs > 0) return null
  if (notes.refusals > 0 || notes.busySinceMs !== null) return null
  return { meter, limits: limitsOf(terms, notes, meter), plainUntilMs: plainUntil(account, meter) }
}

/** Until another meter may be forgotten, or the end of one must be told. */
const plainUntil = (account: Account, own: Meter): EpochMs => {
  let untilMs = Number.POSITIVE_INFINITY
  for (const meter of account.meters) {
    if (meter !== own) untilMs = Math.min(untilMs, meter.period.keptUntilMs)
    untilMs = Math.min(untilMs, endsAt(meter) ?? Number.POSITIVE_INFINITY)
  }
  return untilMs
}

const limitsByTerms = new WeakMap<Terms, WeakMap<Notes, Limits>>()

/** Computed once for terms and notes; most meters share both. */
const limitsOf = (terms: Terms, notes: Notes, meter: Meter): Limits => {
  let byNotes = limitsByTerms.get(terms)
  if (byNotes === undefined) {
    byNotes = new WeakMap()
    limitsByTerms.set(terms, byNotes)
  }
  const known = byNotes.get(notes)
  if (known !== undefined) return known
  const made = computed(terms, meter)
  byNotes.set(notes, made)
  return made
}

const computed = (terms: Terms, meter: Meter): Limits => {
  const { allow } = meter.notes
  let nextLevel = allow !== null && !allow.fired ? allow.amount : Number.POSITIVE_INFINITY
  let degradeAt = Number.POSITIVE_INFINITY
  for (const tier of terms.tiers) {
    nextLevel = Math.min(nextLevel, levelAbove(tier, markOf(meter, tier).fired))
    if (tier.degrade !== null) degradeAt = Math.min(degradeAt, tier.at)
  }
  const { unit, idleMs } = terms
  return { unit, idleMs, cap: capOf(meter, terms, 0), nextLevel, degradeAt }
}
