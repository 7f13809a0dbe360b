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
import { memoryStore } from "@spendfuse/store-memory"
import { agent } from "./agent.ts"
import { type Answered, standIn } from "./provider.ts"

const SECOND_MS = 1_000
const HOUR_MS = 3_600_000
/** A pair of calls costs $9 + $1; ten pairs each 90 seconds are $4,000 an hour: $72,000 in 18 hours. */
export const TICK_MS = 90 * SECOND_MS
export const TICKS = 720
const PAIRS = 10
const HOURLY_NANO = 250_000_000_000
const DAILY_NANO = 1_000_000_000_000
/** What the person who is woken allows beyond what was spent, before the fuse asks again. */
const ALLOWED_NANO = 100_000_000_000
/** From the page until a person has looked. */
const WOKEN_MS = HOUR_MS / 2
const START_MS = Date.UTC(2026, 0, 15, 6)
const SUBJECT = { apiKey: "pipeline" }

/** All four ways at one virtual instant; nano-USD. */
export interface Frame {
  readonly atMs: number
  readonly unguarded: number
  readonly alertOnly: number
  readonly postHoc: number
  readonly guarded: number
  /** Spent in the running hour, under the guard. */
  readonly hourSpent: number
  readonly circuits: { readonly hour: string; readonly day: string }
}

export interface ToldEvent {
  readonly atMs: number
  readonly channel: string
  readonly event: string
}

export interface Incident {
  readonly frames: readonly Frame[]
  readonly events: readonly ToldEvent[]
  readonly budgets: readonly {
    readonly id: string
    readonly capNano: number
    readonly maxSpentNano: number
  }[]
  readonly refused: { readonly postHoc: number; readonly guarded: number }
  /** The largest amount that the post-hoc counter let one hour spend. */
  readonly postHocHourMaxNano: number
}

/** Plays the incident, the ways side by side, tick by tick; `onFrame` sees each as it happens. */
export const playIncident = async (
  onFrame: (frame: Frame, events: readonly ToldEvent[]) => void,
): Promise<Incident> => {
  const clock = { atMs: START_MS }
  const bare = meteredAgent(() => undefined)
  const counter = postHocCounter(clock)
  const fuse = guardedAgent(clock)
  const frames: Frame[] = []
  for (let tick = 0; tick < TICKS; tick += 1) {
    clock.atMs = START_MS + tick * TICK_MS
    await Promise.all([bare.agent.turn(PAIRS), counter.agent.turn(PAIRS), fuse.agent.turn(PAIRS)])
    await fuse.settle()
    const frame: Frame = {
      atMs: clock.atMs,
      unguarded: bare.spent(),
      // The alert looks at the bill at the end of the day: the loop is over by then.
      alertOnly: bare.spent(),
      postHoc: counter.spent(),
      ...(await fuse.look()),
    }
    frames.push(frame)
    onFrame(frame, fuse.events)
  }
  const budgets = fuse.budgets()
  await fuse.close()
  return {
    frames,
    events: fuse.events,
    budgets,
    refused: { postHoc: counter.agent.refused, guarded: fuse.agent.refused },
    postHocHourMaxNano: counter.hourMax(),
  }
}

interface Clock {
  atMs: number
}

const USAGE = {
  openai: { inputTokens: 4_000, outputTokens: 74_500 },
  anthropic: { inputTokens: 4_000, outputTokens: 39_200 },
}

const prices = libraryPrices()

/** What an answered call costs by the price list: the truth that every way is measured by. */
const costOf = ({ provider, inputTokens, outputTokens }: Answered): number => {
  const model = provider === "openai" ? "gpt-5-pro" : "claude-opus-5"
  const priced = prices.cost({ provider, model, atMs: START_MS }, { inputTokens, outputTokens })
  if (priced.kind !== "priced") throw new Error(priced.detail)
  return priced.nanoUsd
}

const meteredAgent = (onCost: (nano: number) => void, wrap = (inner: typeof fetch) => inner) => {
  let spent = 0
  const upstream = standIn({
    ...USAGE,
    onAnswer: (answered) => {
      const nano = costOf(answered)
      spent += nano
      onCost(nano)
    },
  })
  return { agent: agent(wrap(upstream)), spent: () => spent }
}

/** The usual way: count after each call; above the hour's limit, open the circuit for an hour. */
const postHocCounter = (clock: Clock) => {
  const hours = new Map<number, number>()
  let openUntilMs = 0
  const count = (nano: number): void => {
    const hour = Math.floor(clock.atMs / HOUR_MS)
    const total = (hours.get(hour) ?? 0) + nano
    hours.set(hour, total)
    if (total > HOURLY_NANO) openUntilMs = clock.atMs + HOUR_MS
  }
  const metered = meteredAgent(count, (upstream) => async (input, init) => {
    if (clock.atMs < openUntilMs)
      return Response.json(
        { error: { message: "hourly limit reached" } },
        { status: 402, headers: { "x-should-retry": "false" } },
      )
    return upstream(input, init)
  })
  return { ...metered, hourMax: () => Math.max(...hours.values()) }
}

const guardedAgent = (clock: Clock) => {
  const events: ToldEvent[] = []
  const store = memoryStore({ nowMs: () => clock.atMs })
  const notifier = (channel: string): Notifier => ({
    name: channel,
    deliver: async (told: readonly DomainEvent[]) => {
      for (const event of told) events.push({ atMs: event.atMs, channel, event: eventName(event) })
    },
  })
  const spendfuse = createSpendfuse({
    policy: { ...seedPolicy({ hourlyUsd: 250, dailyUsd: 1_000 }), minOutputTokens: 1_000 },
    store,
    prices,
    notifiers: {
      slack: notifier("slack"),
      pagerDuty: notifier("pagerDuty"),
      oncall: notifier("oncall"),
    },
    nowMs: () => clock.atMs,
    onNotice: () => undefined,
  })
  const most = new Map<string, number>()
  const guarded = guardedFetch(spendfuse, { subject: SUBJECT, fetch: standIn(USAGE) })
  const observe = (): void => {
    for (const account of store.ledger.accounts.values())
      for (const meter of account.meters) {
        const key = account.key.slice(0, account.key.indexOf("/"))
        most.set(key, Math.max(most.get(key) ?? 0, meter.settled + meter.held))
      }
  }
  const person = onCall(spendfuse, clock)
  return {
    agent: agent((input, init) => {
      observe()
      return guarded(input, init)
    }),
    events,
    settle: async () => {
      await guarded.idle()
      observe()
      await spendfuse.flush()
      await person.look(events)
    },
    look: async () => {
      const hour = await spendfuse.account({ budget: "hour", subject: SUBJECT })
      const day = await spendfuse.account({ budget: "day", subject: SUBJECT })
      return {
        guarded: day.settled,
        hourSpent: hour.settled,
        circuits: { hour: hour.circuit, day: day.circuit },
      }
    },
    budgets: () => [
      { id: "hour", capNano: HOURLY_NANO, maxSpentNano: most.get("hour") ?? 0 },
      { id: "day", capNano: person.dayCap(), maxSpentNano: most.get("day") ?? 0 },
    ],
    close: () => spendfuse.close(),
  }
}

/** The person on call: woken by the latch, looks half an hour later, and lets a small step more through. */
const onCall = (spendfuse: Spendfuse, clock: Clock) => {
  let wokenAtMs: number | null = null
  let cap = 2 * DAILY_NANO
  let done = false
  return {
    dayCap: () => cap,
    look: async (events: ToldEvent[]): Promise<void> => {
      const latched = events.find(({ event }) => event === "circuit day latched")
      if (latched !== undefined) wokenAtMs ??= latched.atMs + WOKEN_MS
      if (done || wokenAtMs === null || clock.atMs < wokenAtMs) return
      done = true
      const { settled } = await spendfuse.account({ budget: "day", subject: SUBJECT })
      cap = settled + ALLOWED_NANO
      await spendfuse.operator.acknowledge(
        { budget: "day", subject: SUBJECT },
        { by: "ann", why: "the batch must finish; the loop is being fixed", allow: ALLOWED_NANO },
      )
      await spendfuse.flush()
    },
  }
}
