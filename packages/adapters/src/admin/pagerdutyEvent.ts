import { shown } from "../notify/words/clean.ts"

/** A person's acknowledgement in PagerDuty. */
export interface PagerdutyAcknowledged {
  readonly id: string
  readonly occurredAtMs: number
  /** The `dedup_key` that the incident was opened with. */
  readonly key: string
  readonly who: string
  /** PagerDuty's own number of it; empty where it says none. */
  readonly number: string
}

type Fields = Readonly<Record<string, unknown>>

/**
 * Reads a webhook of version 3.
 *
 * @returns `other` where it is none of a person who acknowledged an incident: our own events, sent back by an
 *   integration, are none
 */
export const readAcknowledged = (
  text: string | undefined,
): PagerdutyAcknowledged | "other" | "malformed" => {
  const event = fieldsOf(fieldsOf(parsed(text))?.event)
  if (event === undefined || typeof event.event_type !== "string") return "malformed"
  if (event.event_type !== "incident.acknowledged") return "other"
  const agent = fieldsOf(event.agent)
  if (agent?.type !== "user_reference") return "other"
  const { incident_key: key, number } = fieldsOf(event.data) ?? {}
  const occurredAtMs =
    typeof event.occurred_at === "string" ? Date.parse(event.occurred_at) : Number.NaN
  if (typeof event.id !== "string" || event.id === "" || event.id.length > 200) return "malformed"
  if (typeof key !== "string" || Number.isNaN(occurredAtMs)) return "malformed"
  const name = typeof agent.summary === "string" ? shown(agent.summary, 80).trim() : ""
  return {
    id: event.id,
    occurredAtMs,
    key,
    who: name === "" ? "somebody" : name,
    number: Number.isSafeInteger(number) ? String(number) : "",
  }
}

const parsed = (text: string | undefined): unknown => {
  try {
    return JSON.parse(text ?? "")
  } catch {
    return undefined
  }
}

const fieldsOf = (value: unknown): Fields | undefined =>
  typeof value === "object" && value !== null ? (value as Fields) : undefined
