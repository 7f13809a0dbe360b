import { guardedFetch } from "@spendfuse/adapters/fetch"
import {
  createSpendfuse,
  type DomainEvent,
  eventName,
  type Notifier,
  type Spendfuse,
  seedPolicy,
} from "@spendfuse/core"
import { libraryPrices } from "@spendfuse/core/prices"
import { type MemoryStore, memoryStore } from "@spendfuse/store-memory"
import { type Agent, agent } from "./agent.ts"
import { type Clock, DAILY_NANO, HOUR_MS, HOURLY_NANO } from "./clock.ts"
import { standIn } from "./provider.ts"
import { USAGE } from "./ways.ts"

/** What the person who is woken allows beyond what was spent, before the fuse asks again. */
const ALLOWED_NANO = 100_000_000_000
/** From the page until a person has looked. */
const WOKEN_MS = HOUR_MS / 2
const SUBJECT = { apiKey: "pipeline" }

/** An alert as a channel got it, or what the person on call did (`operator`). */
export interface ToldEvent {
  readonly atMs: number
  readonly channel: string
  readonly event: string
  readonly message: string
}

export interface BudgetSeen {
  readonly id: string
  /** The cap, by the end of the day; nano-USD. */
  readonly capNano: number
  /** The most that was ever settled and held at once; nano-USD. */
  readonly maxSpentNano: number
}

/** What the guard holds at one instant; nano-USD. */
export interface GuardedLook {
  readonly guarded: number
  readonly hourSpent: number
  readonly dayCap: number
  readonly circuits: { readonly hour: string; readonly day: string }
}

/** An agent behind the guard, and what was told of it. */
export interface GuardedAgent {
  readonly agent: Agent
  readonly events: readonly ToldEvent[]
  /** Ends the tick: every call is settled, every alert told, and the person on call has looked. */
  readonly settle: () => Promise<void>
  readonly look: () => Promise<GuardedLook>
  readonly budgets: () => readonly BudgetSeen[]
  readonly close: () => Promise<void>
}

/** The same agent behind the guarded fetch, with the seed's policy and a person on call. */
export const guardedAgent = (clock: Clock): GuardedAgent => {
  const events: ToldEvent[] = []
  const store = memoryStore({ nowMs: () => clock.atMs })
  const spendfuse = spendfuseOf(store, clock, (told) => events.push(told))
  const guarded = guardedFetch(spendfuse, { subject: SUBJECT, fetch: standIn(USAGE) })
  const meters = highest(store)
  const person = onCall(spendfuse, clock)
  return {
    agent: agent((input, init) => {
      meters.observe()
      return guarded(input, init)
    }),
    events,
    settle: async () => {
      await guarded.idle()
      meters.observe()
      await spendfuse.flush()
      await person.look(events)
    },
    look: async () => {
      const hour = await spendfuse.account({ budget: "hour", subject: SUBJECT })
      const day = await spendfuse.account({ budget: "day", subject: SUBJECT })
      return {
        guarded: day.settled,
        hourSpent: hour.settled,
        dayCap: day.cap,
        circuits: { hour: hour.circuit, day: day.circuit },
      }
    },
    budgets: () => [
      { id: "hour", capNano: HOURLY_NANO, maxSpentNano: meters.most("hour") },
      { id: "day", capNano: person.dayCap(), maxSpentNano: meters.most("day") },
    ],
    close: () => spendfuse.close(),
  }
}

const spendfuseOf = (
  store: MemoryStore,
  clock: Clock,
  tell: (told: ToldEvent) => void,
): Spendfuse => {
  const notifier = (channel: string): Notifier => ({
    name: channel,
    deliver: async (told: readonly DomainEvent[]) => {
      for (const event of told) tell(toldOf(event, channel))
    },
  })
  return createSpendfuse({
    policy: { ...seedPolicy({ hourlyUsd: 250, dailyUsd: 1_000 }), minOutputTokens: 1_000 },
    store,
    prices: libraryPrices(),
    notifiers: {
      slack: notifier("slack"),
      pagerDuty: notifier("pagerDuty"),
      oncall: notifier("oncall"),
    },
    onEvent: (event) => {
      if (event.kind === "audit") tell(toldOf(event, "operator"))
    },
    nowMs: () => clock.atMs,
    onNotice: () => undefined,
  })
}

const toldOf = (event: DomainEvent, channel: string): ToldEvent => ({
  atMs: event.atMs,
  channel,
  event: eventName(event),
  message:
    event.kind === "tier"
      ? event.message
      : event.kind === "audit"
        ? `${event.by}: ${event.why}`
        : "",
})

/** The most that each budget's meters ever showed, looked at before each call and after each turn. */
const highest = ({ ledger }: MemoryStore) => {
  const most = new Map<string, number>()
  return {
    observe: (): void => {
      for (const { key, meters } of ledger.accounts.values())
        for (const { settled, held } of meters) {
          const budget = key.slice(0, key.indexOf("/"))
          most.set(budget, Math.max(most.get(budget) ?? 0, settled + held))
        }
    },
    most: (budget: string): number => most.get(budget) ?? 0,
  }
}

/** The person on call: woken by the latch, looks half an hour later, and lets a small step more through. */
const onCall = (spendfuse: Spendfuse, clock: Clock) => {
  let wokenAtMs: number | null = null
  let cap = 2 * DAILY_NANO
  let done = false
  return {
    dayCap: () => cap,
    look: async (events: readonly ToldEvent[]): Promise<void> => {
      const latched = events.find(({ event }) => event === "circuit day latched")
      if (latched !== undefined) wokenAtMs ??= latched.atMs + WOKEN_MS
      if (done || wokenAtMs === null || clock.atMs < wokenAtMs) return
      done = true
      const { settled } = await spendfuse.account({ budget: "day", subject: SUBJECT })
      cap = settled + ALLOWED_NANO
      await spendfuse.operator.acknowledge(
        { budget: "day", subject: SUBJECT },
        { by: "ann", why: "$100 more, so that the batch can finish", allow: ALLOWED_NANO },
      )
      await spendfuse.flush()
    },
  }
}
