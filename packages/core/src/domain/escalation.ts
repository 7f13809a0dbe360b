import type { Draft } from "./draft.ts"
import { circuitIncident, joined } from "./incident.ts"
import type { Account, Circuit, Escalation } from "./ledger.ts"
import type { TierTerms } from "./terms.ts"
import type { DurationMs, EpochMs } from "./time.ts"

/** The channels that a latch goes on to, and how long each waits for the one before it. */
export interface Further {
  readonly everyMs: DurationMs
  readonly channels: readonly string[]
}

/** The channels of a tier that hear of it at once. */
export const atOnceOf = ({ notify, escalateAfterMs }: TierTerms): readonly string[] =>
  escalateAfterMs > 0 ? notify.slice(0, 1) : notify

/** What tiers that are reached together go on to, beside whom they tell at once; the shortest wait is that of all. */
export const furtherOf = (tiers: readonly TierTerms[]): Further | null => {
  const escalating = tiers.filter(({ escalateAfterMs }) => escalateAfterMs > 0)
  const atOnce = new Set(tiers.flatMap(atOnceOf))
  const channels = new Set<string>()
  for (const { notify } of escalating)
    for (const channel of notify) if (!atOnce.has(channel)) channels.add(channel)
  if (channels.size === 0) return null
  const everyMs = Math.min(...escalating.map(({ escalateAfterMs }) => escalateAfterMs))
  return { everyMs, channels: [...channels] }
}

/**
 * The escalation of a circuit that latches. One that runs goes on as it was: whom this latch tells at once waits no
 * longer, and whom it brings, told by nobody yet, comes last.
 */
export const escalationAfter = (
  circuit: Circuit,
  {
    atOnce,
    told,
    further,
    nowMs,
  }: {
    readonly atOnce: readonly string[]
    readonly told: readonly string[]
    readonly further: Further | null
    readonly nowMs: EpochMs
  },
): Escalation | null => {
  const running = circuit.state === "latched" ? circuit.escalation : null
  const waiting = running?.channels.filter((channel) => !atOnce.includes(channel)) ?? []
  const brought = further?.channels.filter((channel) => !told.includes(channel)) ?? []
  const channels = joined(waiting, brought)
  if (channels.length === 0) return null
  if (running !== null) return { ...running, channels }
  const everyMs = further?.everyMs ?? 0
  return { sinceMs: nowMs, untilMs: nowMs + everyMs, everyMs, channels }
}

/** Tells the channels of a latched circuit that are due by now. */
export const escalate = (draft: Draft, account: Account): Account => {
  const { circuit } = account
  const { nowMs } = draft
  if (circuit.state !== "latched" || circuit.escalation === null) return account
  const { sinceMs, untilMs, everyMs, channels } = circuit.escalation
  if (nowMs < untilMs) return account
  const count = Math.min(channels.length, 1 + Math.floor((nowMs - untilMs) / everyMs))
  const due = channels.slice(0, count)
  const left = channels.slice(count)
  const nextMs = untilMs + count * everyMs
  const step = (nextMs - sinceMs) / everyMs - 1
  const escalation =
    left.length === 0 ? null : { sinceMs, untilMs: nextMs, everyMs, channels: left }
  const told = joined(circuit.told, due)
  const escalated: Account = { ...account, circuit: { ...circuit, told, escalation } }
  draft.putAccount(escalated)
  draft.events.push({
    kind: "escalation",
    id: `${account.key}/${circuit.generation}/escalation/${step}`,
    atMs: nowMs,
    channels: due,
    account: account.key,
    incident: circuitIncident(account.key, circuit),
    generation: circuit.generation,
    step,
    sinceMs,
  })
  return escalated
}
