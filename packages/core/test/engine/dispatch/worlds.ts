import { memoryStore } from "@spendfuse/store-memory"
import {
  createDispatcher,
  createSpendfuse,
  type DispatcherAloneOptions,
  type DomainEvent,
  type Notifier,
  type Store,
} from "../../../src/index.ts"
import { fakeClock, policyOf, quiet } from "../support.ts"

export const HOUR_MS = 3_600_000

/** Each request of a key is an event for `slack`; the policy of whoever wants rows to be told. */
export const everyRequest = policyOf({
  budgets: [
    {
      id: "key",
      per: ["apiKey"],
      limit: { requests: 1_000 },
      window: "month",
      tiers: [
        { at: "0.1%", repeat: "0.1%", notify: ["slack"] },
        { at: "100%", block: true },
      ],
    },
  ],
})

/** An outbox with a clock in hand: rows are written by a host that tells nobody, and told by dispatchers alone. */
export const outboxWorld = () => {
  const clock = fakeClock()
  const store = memoryStore({ nowMs: clock.nowMs })
  const silent: Store = { ...store, claim: async () => [], close: async () => undefined }
  const slack: Notifier = { name: "slack", deliver: async () => undefined }
  const host = createSpendfuse({
    ...quiet,
    ...clock,
    policy: everyRequest,
    store: silent,
    notifiers: { slack },
  })
  /** Writes one row for `slack`. */
  const cross = async (apiKey = "a"): Promise<void> => {
    const decision = await host.reserve({ subject: { apiKey }, amounts: { requests: 1 } })
    if (!decision.allowed) throw new Error(decision.reason)
    await decision.settle({ amounts: { requests: 1 } })
  }
  const dispatcher = (
    notifiers: Readonly<Record<string, Notifier["deliver"]>>,
    options: Partial<DispatcherAloneOptions> = {},
  ) =>
    createDispatcher({
      nowMs: clock.nowMs,
      random: () => 0,
      onNotice: () => undefined,
      store,
      notifiers: Object.fromEntries(
        Object.entries(notifiers).map(([name, deliver]) => [name, { name, deliver }]),
      ),
      ...options,
    })
  return { clock, store, cross, dispatcher, close: () => host.close() }
}

export const idsOf = (events: readonly DomainEvent[]): string[] => events.map(({ id }) => id)
