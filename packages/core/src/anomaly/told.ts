import type { DomainEvent } from "../domain/event.ts"
import { amountText } from "../engine/explain/explainDecision.ts"
import type { Anomaly } from "./detector.ts"

/**
 * An anomaly in a sentence with its figures, for a notification or as the reason of a trip.
 *
 * @example anomalyText(anomaly) // => "spent $12 in 5 minutes, where $1.10 is usual: 8.2 sigma above it"
 */
export const anomalyText = ({ kind, unit, seen, expected, score, windowMs }: Anomaly): string => {
  const head = `spent ${amountText(Math.round(seen), unit)} in ${spanText(windowMs)}`
  const other = amountText(Math.round(expected), unit)
  if (kind === "burn")
    return `${head}, where its limit allows ${other}: ${score.toFixed(1)} times as fast`
  return `${head}, where ${other} is usual: ${score.toFixed(1)} sigma above it`
}

/**
 * The event that a notifier brings to people: a level reached, called `anomaly`, and the end of the same
 * incident. No ledger has it: it is in no log, and nothing tries it again.
 */
export const anomalyEvent = (anomaly: Anomaly, channel: string): DomainEvent => {
  const { account, atMs, sinceMs, windowMs, seen, expected, unit, state, kind } = anomaly
  const incident = `${account}@anomaly/${kind}/${windowMs}/${sinceMs}`
  const settled = Math.round(seen)
  const limit = Math.round(expected)
  const meter = {
    id: `${incident}/${state}`,
    atMs,
    channels: [channel],
    account,
    incident,
    generation: 0,
    periodStartMs: atMs - windowMs,
    periodEndMs: atMs,
    settled,
    held: 0,
    limit,
    cap: null,
    unit,
  }
  if (state === "over") return { kind: "period-end", ...meter }
  const message = anomalyText(anomaly)
  return {
    kind: "tier",
    ...meter,
    level: limit,
    label: "anomaly",
    passed: 1,
    message,
    effect: "notify",
  }
}

const spanText = (ms: number): string => {
  const minutes = Math.round(ms / 60_000)
  if (minutes > 0 && minutes % 60 === 0) return minutes === 60 ? "1 hour" : `${minutes / 60} hours`
  return minutes === 1 ? "1 minute" : `${minutes} minutes`
}
