import { close, type Hand, tripFor } from "../circuit.ts"
import type { Acknowledge, Adjust, Line, SwitchTo, Trip } from "../command.ts"
import type { Draft } from "../draft.ts"
import type { Account, Meter } from "../ledger.ts"
import { look } from "../look.ts"
import { firedUpTo, isIdle, noted, rearm, seenBy, settledAt } from "../meter.ts"
import { AMOUNT_MAX } from "../money.ts"
import type { Outcome } from "../outcome.ts"
import { isStronger, messageOf, move, takeableOf } from "../raise.ts"
import { type BlockingEffect, levelAbove, levelAtOrBelow, type TierTerms } from "../terms.ts"
import { audit, unposted } from "./parts.ts"

/** Corrects what was counted; settled never falls below 0. */
export const adjust = (draft: Draft, command: Adjust): Outcome => {
  const { line } = command
  if (!draft.keeps(line)) return unposted([line.account])
  const before = draft.meter(line)
  move(draft, line, { settled: Math.max(command.amount, -takeableOf(before, line)), held: 0 })
  audit(draft, command, line.account)
  return { kind: "adjusted", settled: settledAt(draft.meter(line), draft.nowMs) }
}

/**
 * A person has seen it: closes the circuit and acknowledges the levels reached up to what they were shown,
 * in the current period and in the one that caused the opening. A later generation is not touched.
 */
export const acknowledge = (draft: Draft, command: Acknowledge): Outcome => {
  const { account: key, division } = command
  const known = draft.findAccount(key)
  if (known === undefined) return { kind: "nothing-to-acknowledge" }
  const account = look(draft, known)
  const { circuit } = account
  if (circuit.generation > command.generation)
    return { kind: "later-generation", generation: circuit.generation }
  const seen = acknowledged(draft, account, command.upTo)
  const raises = command.allow !== null && command.line !== null && hasAllow(draft, command.line)
  if (circuit.state === "closed" && seen === null && !raises)
    return { kind: "nothing-to-acknowledge" }
  if (seen !== null) draft.putAccount({ ...account, meters: seen })
  close(draft, draft.account({ account: key, division }), handOf(command))
  if (command.allow !== null && command.line !== null) allowMore(draft, command.line, command.allow)
  audit(draft, command, key)
  return { kind: "acknowledged" }
}

const handOf = ({ by, why }: Hand): Hand => ({ by, why })

/** The account's meters with what is acknowledged now; null where no level was reached. */
const acknowledged = (draft: Draft, account: Account, upTo: number): readonly Meter[] | null => {
  const { circuit } = account
  const causeStartMs = circuit.state === "closed" ? null : circuit.causeStartMs
  let some = false
  const meters = account.meters.map((known) => {
    const meter = rearm(known, draft.nowMs)
    const { startMs, endMs, keptUntilMs } = meter.period
    if (isIdle(meter, draft.nowMs) || draft.nowMs >= keptUntilMs) return known
    const isCurrent = startMs <= draft.nowMs && draft.nowMs < endMs
    if (!isCurrent && startMs !== causeStartMs) return known
    const before = seenBy(meter, draft.nowMs)
    const amount = firedUpTo(meter, upTo)
    const allow = before.allow?.fired === true && before.allow.amount <= upTo ? null : before.allow
    if (amount <= before.acknowledged && allow === before.allow) return known
    some = true
    const { slidingMs } = meter.terms
    const acknowledgedUntilMs = slidingMs > 0 ? draft.nowMs + slidingMs : null
    const most = Math.max(amount, before.acknowledged)
    const seen = { acknowledged: most, acknowledgedUntilMs, allow }
    return noted(meter, { ...seen, refusals: 0, refusedAtMs: null })
  })
  return some ? meters : null
}

const hasAllow = (draft: Draft, line: Line): boolean =>
  seenBy(draft.meter(line), draft.nowMs).allow !== null

/**
 * A small step: a level of the same effects at what is used plus `allow`, where that is below the next
 * one. It takes the place of an earlier one.
 */
const allowMore = (draft: Draft, line: Line, allow: number): void => {
  const meter = rearm({ ...draft.meter(line), terms: line.terms }, draft.nowMs)
  const amount = settledAt(meter, draft.nowMs) + meter.held + allow
  const blocking = line.terms.tiers.filter((tier) => tier.effect !== null)
  if (blocking.length === 0) return
  const { acknowledged: before } = meter.notes
  const next = Math.min(...blocking.map((tier) => levelAbove(tier, before)))
  const tier = togetherAt(blocking, before)
  const { slidingMs } = line.terms
  const notes = {
    allow: amount < next ? { amount: Math.min(amount, AMOUNT_MAX), tier, fired: false } : null,
    acknowledgedUntilMs: slidingMs > 0 ? draft.nowMs + slidingMs : null,
  }
  draft.putMeter(line, noted(meter, notes))
}

/** What the tiers of the highest level at or below an amount do together: the strongest effect, all channels. */
const togetherAt = (blocking: readonly TierTerms[], amount: number): TierTerms => {
  const levels = blocking.map((tier) => levelAtOrBelow(tier, amount) || tier.at)
  const reached = levels.filter((level) => level <= amount)
  const highest = reached.length > 0 ? Math.max(...reached) : Math.min(...levels)
  const tiers = blocking.filter((_, at) => levels[at] === highest)
  const [strongest] = [...tiers].sort((one, other) =>
    isStronger(one.effect as BlockingEffect, other.effect as BlockingEffect) ? -1 : 1,
  )
  return {
    at: highest,
    repeat: 0,
    effect: strongest?.effect ?? null,
    degrade: null,
    notify: [...new Set(tiers.flatMap(({ notify }) => notify))],
    escalateAfterMs: escalateAfterMsOf(tiers),
    message: messageOf(tiers),
    percent: null,
  }
}

/** An order stays one where it is that of one tier alone; else all hear of it at once. */
const escalateAfterMsOf = (tiers: readonly TierTerms[]): number => {
  const telling = tiers.filter(({ notify }) => notify.length > 0)
  return telling.length === 1 ? (telling[0]?.escalateAfterMs ?? 0) : 0
}

/** Opens a circuit by hand. */
export const trip = (draft: Draft, command: Trip): Outcome => {
  const { account: key, division, coolDownMs } = command
  const found = look(draft, draft.account({ account: key, division }))
  const { circuit } = tripFor(draft, found, { coolDownMs, hand: handOf(command) })
  audit(draft, command, key)
  return { kind: "tripped", generation: circuit.generation }
}

/** Turns one subject value off or on. */
export const switchTo = (draft: Draft, command: SwitchTo): Outcome => {
  const { switch: key, state, untilMs } = command
  draft.putSwitch(key, state === "off" ? { untilMs } : null)
  audit(draft, command, key)
  return { kind: "switched" }
}
