import type { Line } from "./command.ts"
import type { Handle, Ledger } from "./ledger.ts"
import { capOf, isMeterOf, markOf } from "./meter.ts"
import { levelAbove } from "./terms.ts"

/**
 * The meters of these lines at hand; null where one of them is not the plain kind: alone in a closed
 * account, of these very terms, not sliding, not observed, with nothing to count or to say.
 *
 * It is looked up once for a list of lines, and again when an account was written in between.
 */
export const handlesOf = (ledger: Ledger, lines: readonly Line[]): readonly Handle[] | null => {
  const known = ledger.handles.get(lines)
  if (known !== undefined) {
    let isFresh = true
    for (const handle of known) if (handle.account.meters !== handle.meters) isFresh = false
    if (isFresh) return known
  }
  const made: Handle[] = []
  for (const line of lines) {
    const handle = handleOf(ledger, line)
    if (handle === null) return null
    made.push(handle)
  }
  ledger.handles.set(lines, made)
  return made
}

const handleOf = (ledger: Ledger, line: Line): Handle | null => {
  const account = ledger.accounts.get(line.account)
  if (account === undefined || account.circuit.state !== "closed") return null
  const { meters } = account
  const [meter] = meters
  if (meter === undefined || meters.length !== 1 || meter.terms !== line.terms) return null
  const { terms, allow } = meter
  if (terms.observe || terms.slidingMs > 0 || !isMeterOf(meter, line)) return null
  if (meter.refusals > 0 || meter.busySinceMs !== null) return null
  let nextLevel = allow !== null && !allow.fired ? allow.amount : Number.POSITIVE_INFINITY
  let degradeAt = Number.POSITIVE_INFINITY
  for (const tier of terms.tiers) {
    nextLevel = Math.min(nextLevel, levelAbove(tier, markOf(meter, tier).fired))
    if (tier.degrade !== null) degradeAt = Math.min(degradeAt, tier.at)
  }
  return { account, meters, meter, terms, cap: capOf(meter, terms, 0), nextLevel, degradeAt }
}
