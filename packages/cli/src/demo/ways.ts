import { libraryPrices } from "@spendfuse/core/prices"
import { type Agent, agent } from "./agent.ts"
import { type Clock, DAILY_NANO, HOUR_MS, HOURLY_NANO, START_MS } from "./clock.ts"
import { type Answered, standIn } from "./provider.ts"

/** What each answered call uses. */
export const USAGE = {
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

/** A way to run the agent, and what it has spent. */
export interface Way {
  readonly agent: Agent
  readonly spent: () => number
}

/** No guard at all: every call is made, and added up. */
export const bareAgent = (): Way => metered(() => undefined)

/** The usual way: count after each call; above the hour's limit, open the circuit for an hour. */
export const postHocCounter = (clock: Clock): Way => {
  const hours = new Map<number, number>()
  let openUntilMs = 0
  const count = (nano: number): void => {
    const hour = Math.floor(clock.atMs / HOUR_MS)
    const total = (hours.get(hour) ?? 0) + nano
    hours.set(hour, total)
    if (total > HOURLY_NANO) openUntilMs = clock.atMs + HOUR_MS
  }
  return metered(count, (upstream) => async (input, init) => {
    if (clock.atMs < openUntilMs)
      return Response.json(
        { error: { message: "hourly limit reached" } },
        { status: 402, headers: { "x-should-retry": "false" } },
      )
    return upstream(input, init)
  })
}

/** An alert that rings once, when the bill of a day has passed the cap. */
export interface BillingAlert {
  /** What was spent until the loop was stopped, nano-USD. */
  readonly spent: () => number
  /** When it rang, epoch milliseconds; null while it has not. */
  readonly rangAtMs: () => number | null
  readonly look: (atMs: number) => void
}

/** The provider's billing alert: it looks at the bill when the day is over, and then somebody stops the loop. */
export const billingAlert = (bill: () => number): BillingAlert => {
  let stoppedAt: { readonly atMs: number; readonly nano: number } | null = null
  let day = dayOf(START_MS)
  return {
    spent: () => stoppedAt?.nano ?? bill(),
    rangAtMs: () => stoppedAt?.atMs ?? null,
    look: (atMs) => {
      if (dayOf(atMs) === day) return
      day = dayOf(atMs)
      if (bill() > DAILY_NANO) stoppedAt ??= { atMs, nano: bill() }
    },
  }
}

const dayOf = (atMs: number): number => Math.floor(atMs / (24 * HOUR_MS))

const metered = (onCost: (nano: number) => void, wrap = (inner: typeof fetch) => inner): Way => {
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
