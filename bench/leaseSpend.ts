import { setImmediate as turn } from "node:timers/promises"
import { createSpendfuse, definePolicy, type Policy, type Spendfuse } from "@spendfuse/core"
import type { Command } from "@spendfuse/core/domain"
import type { Store } from "@spendfuse/core/ports"
import { memoryStore } from "@spendfuse/store-memory"

const HOSTS = 8
const IN_FLIGHT = 160
/** What a call holds, and what it costs. */
const HELD = { tokens: 5 }
const SPENT = { tokens: 1 }

/** How a budget is spent. */
export interface Spending {
  /** About so many calls. */
  readonly calls: number
  readonly isLeased: boolean
  /** All calls by the first host, once every host has called a few times. */
  readonly isSkewed: boolean
}

export interface Spent {
  /** What was spent when a caller was refused for the first time, as a share of the budget. */
  readonly atFirstRefusal: number
  /** The share of decisions that no Reserve of their own went to the store for. */
  readonly localShare: number
}

/**
 * Eight hosts in this process spend one budget until a caller is refused for good. They reach the store as
 * over a network, by promises; it is the one in memory, so only counts are measured here, and no times.
 */
export const spend = async ({ calls, isLeased, isSkewed }: Spending): Promise<Spent> => {
  const { store, reserves } = counted()
  const hosts = Array.from({ length: HOSTS }, () => hostOn(store, policyOf(calls, isLeased)))
  const state = { spent: 0, asked: 0, atFirstRefusal: -1 }
  const caller = async (host: Spendfuse, most: number): Promise<void> => {
    for (let i = 0; i < most && state.atFirstRefusal < 0; i += 1) {
      state.asked += 1
      const decision = await host.reserve({ subject: { apiKey: "one" }, amounts: HELD })
      if (!decision.allowed) {
        if (state.atFirstRefusal < 0) state.atFirstRefusal = state.spent / calls
        return
      }
      await turn()
      await decision.settle({ amounts: SPENT })
      state.spent += SPENT.tokens
    }
  }
  const callers = (count: number, most: number, of: readonly Spendfuse[]): Promise<unknown> =>
    Promise.all(
      Array.from({ length: count }, (_, at) => caller(of[at % of.length] as Spendfuse, most)),
    )
  await callers(IN_FLIGHT, 4, hosts)
  await callers(IN_FLIGHT, Number.POSITIVE_INFINITY, isSkewed ? hosts.slice(0, 1) : hosts)
  await Promise.all(hosts.map((host) => host.close()))
  return { atFirstRefusal: state.atFirstRefusal, localShare: 1 - reserves() / state.asked }
}

const counted = (): { readonly store: Store; readonly reserves: () => number } => {
  const { applyNow, ...memory } = memoryStore()
  let reserves = 0
  const store: Store = {
    ...memory,
    apply: async (commands) => {
      for (const command of commands) if (isOfOneCall(command)) reserves += 1
      await turn()
      return memory.apply(commands)
    },
    close: async () => undefined,
  }
  return { store, reserves: () => reserves }
}

/** A part of a slice is reserved by the unit, a call's hold as one amount. */
const isOfOneCall = (command: Command): boolean =>
  command.kind === "reserve" && command.perUnit.tokens === 0

const hostOn = (store: Store, policy: Policy): Spendfuse =>
  createSpendfuse({
    policy,
    store,
    storeDeadlineMs: 10_000,
    waitMs: 2_000,
    rememberRefusals: false,
    onNotice: () => undefined,
  })

const policyOf = (calls: number, isLeased: boolean): Policy =>
  definePolicy({
    budgets: [
      {
        id: "all",
        per: ["platform"],
        limit: { tokens: calls },
        window: { lifetime: { idle: "1h" } },
        tiers: [{ at: "100%", block: true }],
        ...(isLeased && { lease: { share: "1%", for: "2s" } }),
      },
    ],
    unknownModel: "refuse",
    onStoreUnavailable: "deny",
  })
