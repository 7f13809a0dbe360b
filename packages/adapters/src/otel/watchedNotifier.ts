import type { Notifier } from "@spendfuse/core"
import type { Instruments } from "./instruments.ts"

/** The same notifier; each delivery is counted, and how late each event came. */
export const watchedNotifier = (
  notifier: Notifier,
  {
    channel,
    instruments,
    nowMs,
  }: {
    readonly channel: string
    readonly instruments: Instruments
    readonly nowMs: () => number
  },
): Notifier => ({
  name: notifier.name,
  deliver: async (events, signal, delivery) => {
    const attributes = { "spendfuse.channel": channel, "spendfuse.notifier": notifier.name }
    try {
      await notifier.deliver(events, signal, delivery)
    } catch (error) {
      instruments.deliveries.add(1, { ...attributes, "spendfuse.outcome": outcomeOf(error) })
      throw error
    }
    instruments.deliveries.add(1, { ...attributes, "spendfuse.outcome": "delivered" })
    const atMs = nowMs()
    for (const event of events)
      instruments.notifierLag.record(Math.max(0, atMs - event.atMs) / 1_000, attributes)
  },
})

const outcomeOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "retryable" in error && error.retryable === false
    ? "final"
    : "retryable"
