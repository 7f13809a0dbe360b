import { close, look, tripFor } from "../circuit.ts"
import type { Acknowledge, Adjust, Line, SwitchTo, Trip } from "../command.ts"
import type { Draft } from "../draft.ts"
import { firedUpTo, settledAt } from "../meter.ts"
import { AMOUNT_MAX } from "../money.ts"
import type { Outcome } from "../outcome.ts"
import { move } from "../raise.ts"
import { levelAbove } from "../terms.ts"
import { audit, unposted } from "./parts.ts"

/** Corrects what was counted; settled never falls below 0. */
export const adjust = (draft: Draft, command: Adjust): Outcome => {
  const { line } = command
  if (!draft.keeps(line)) return unposted([line.account])
  const before = draft.meter(line)
  move(draft, line, { settled: Math.max(command.amount, -before.settled), held: 0 })
  audit(draft, command, line.account)
  return { kind: "adjusted", settled: settledAt(draft.meter(line), draft.nowMs) }
}

/** A person has seen it: closes the circuit, acknowledges the levels reached up to what they were shown. */
export const acknowledge = (draft: Draft, command: Acknowledge): Outcome => {
  const account = look(
    draft,
    draft.account({ account: command.account, division: command.division }),
  )
  const { circuit } = account
  if (circuit.generation > command.generation)
    return { kind: "later-generation", generation: circuit.generation }
  const causeStartMs = circuit.state === "closed" ? null : circuit.causeStartMs
  const isCurrent = (period: { startMs: number; endMs: number }): boolean =>
    period.startMs <= draft.nowMs && draft.nowMs < period.endMs
  let acknowledgedSome = false
  const meters = account.meters.map((meter) => {
    if (!isCurrent(meter.period) && meter.period.startMs !== causeStartMs) return meter
    const upTo = firedUpTo(meter, command.upTo)
    if (upTo <= meter.acknowledged) return meter
    acknowledgedSome = true
    return { ...meter, acknowledged: upTo }
  })
  if (circuit.state === "closed" && !acknowledgedSome && command.allow === null)
    return { kind: "nothing-to-acknowledge" }
  draft.putAccount({ ...account, meters })
  close(draft, draft.account({ account: command.account, division: command.division }))
  if (command.allow !== null && command.line !== null) allowMore(draft, command.line, command.allow)
  audit(draft, command, command.account)
  return { kind: "acknowledged" }
}

/** A small step: a level of the same effects at what is used plus `allow`, where that is below the next one. */
const allowMore = (draft: Draft, line: Line, allow: number): void => {
  const meter = { ...draft.meter(line), terms: line.terms }
  const amount = settledAt(meter, draft.nowMs) + meter.held + allow
  const blocking = line.terms.tiers.filter((tier) => tier.effect !== null)
  const [first] = blocking
  if (first === undefined) return
  const next = Math.min(...blocking.map((tier) => levelAbove(tier, meter.acknowledged)))
  if (amount >= next) return
  const tier = blocking.filter(({ at }) => at <= meter.acknowledged).at(-1) ?? first
  draft.putMeter(line, {
    ...meter,
    allow: { amount: Math.min(amount, AMOUNT_MAX), tier, fired: false },
  })
}

/** Opens a circuit by hand. */
export const trip = (draft: Draft, command: Trip): Outcome => {
  const { account: key, division, coolDownMs } = command
  const found = look(draft, draft.account({ account: key, division }))
  const { circuit } = tripFor(draft, found, coolDownMs)
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
