/** The type of the metadata that every message of the bot carries. */
export const METADATA_TYPE = "spendfuse_incident"

/** What a message tells, as digests: it is its metadata, by which its thread is found again. */
export interface Told {
  readonly incident: string
  readonly delivery: string
}

/** A message that began a thread, and the deliveries that it is known to have. */
export interface Thread {
  readonly ts: string
  readonly deliveries: ReadonlySet<string>
}

const KNOWN_MAX = 1_000
const DELIVERIES_MAX = 64

/** What this process has told by itself, the latest thousand incidents of it. */
export const knownThreads = (): {
  readonly of: (told: Told) => Thread | null
  readonly keep: (told: Told, ts: string) => void
} => {
  const threads = new Map<string, Thread>()
  const of = ({ incident }: Told): Thread | null => threads.get(incident) ?? null
  return {
    of,
    keep: (told, ts) => {
      if (ts === "") return
      const before = of(told)
      const deliveries = [...(before?.deliveries ?? []), told.delivery].slice(-DELIVERIES_MAX)
      threads.delete(told.incident)
      threads.set(told.incident, { ts, deliveries: new Set(deliveries) })
      const oldest = threads.keys().next().value
      if (threads.size > KNOWN_MAX && oldest !== undefined) threads.delete(oldest)
    },
  }
}

/** Of a channel's messages, newest first, the one that began the incident's thread. */
export const threadIn = (messages: unknown, told: Told): Thread | null => {
  for (const message of Array.isArray(messages) ? messages : []) {
    const { ts, thread_ts: root, metadata } = fieldsOf(message)
    const { event_type: type, event_payload: payload } = fieldsOf(metadata)
    const { incident, delivery } = fieldsOf(payload)
    if (type !== METADATA_TYPE || incident !== told.incident || typeof ts !== "string") continue
    const deliveries = new Set(typeof delivery === "string" ? [delivery] : [])
    return { ts: typeof root === "string" ? root : ts, deliveries }
  }
  return null
}

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? { ...value } : {}
