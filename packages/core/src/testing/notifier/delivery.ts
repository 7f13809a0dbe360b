import type { DomainEvent } from "../../domain/event.ts"
import { NotifyFailed } from "../../ports/errors.ts"
import type { Delivery, Notifier } from "../../ports/Notifier.ts"
import type { FarSide, Sent } from "./farSide.ts"

/** How one delivery went: what was sent, and what it threw, or null. */
export interface Attempt {
  readonly sent: readonly Sent[]
  readonly failed: unknown
}

/** Delivers, whatever comes of it. */
export const deliver = async (
  notifier: Notifier,
  far: FarSide,
  events: readonly DomainEvent[],
  {
    signal = new AbortController().signal,
    delivery = firstOf(events),
  }: { readonly signal?: AbortSignal; readonly delivery?: Delivery } = {},
): Promise<Attempt> => {
  let failed: unknown = null
  try {
    await notifier.deliver(events, signal, delivery)
  } catch (error) {
    failed = error ?? new Error("it threw nothing")
  }
  return { sent: [...far.sent], failed }
}

/** What the dispatcher says of a first try that comes at once. */
export const firstOf = (events: readonly DomainEvent[]): Delivery => ({
  channel: "here",
  attempts: 0,
  createdAtMs: events[0]?.atMs ?? 0,
})

/** What a delivery sent; it must have gone well. */
export const delivered = ({ sent, failed }: Attempt, what: string): readonly Sent[] => {
  must(failed === null, `${what} was not delivered: ${wordsOf(failed)}`)
  return sent
}

/** The failure of a delivery; it must be one that says whether to try again. */
export const refused = ({ failed }: Attempt, what: string): NotifyFailed => {
  must(failed !== null, `after ${what} it said that all was well`)
  if (!(failed instanceof NotifyFailed))
    throw new Error(`after ${what} it threw ${wordsOf(failed)}, and no \`NotifyFailed\``)
  return failed
}

/** Breaks the law with these words where the condition does not hold. */
export const must = (condition: boolean, words: string): void => {
  if (!condition) throw new Error(words)
}

/** What a promise gives in time. */
export const within = async <Value>(
  ms: number,
  promise: Promise<Value>,
  words: string,
): Promise<Value> => {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(words)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

const wordsOf = (error: unknown): string =>
  error instanceof Error ? `\`${error.name}: ${error.message}\`` : `\`${String(error)}\``
