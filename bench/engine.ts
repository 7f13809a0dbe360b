import { type CallRequest, createSpendfuse, type Spendfuse } from "@spendfuse/core"
import { memoryStore } from "@spendfuse/store-memory"
import { RateLimiterMemory } from "rate-limiter-flexible"
import { fivePolicy, subjectOf } from "./core.ts"
import type { Contender } from "./rounds.ts"

const opened = (): Spendfuse =>
  createSpendfuse({ policy: fivePolicy, store: memoryStore(), onNotice: () => undefined })

/** Reserve and settle through the Promise API, as a host does. */
export const engineContender = (): Contender => {
  const spendfuse = opened()
  const request: CallRequest = { subject: subjectOf(0), amounts: { usd: 500 } }
  const settlement = { amounts: { usd: 100 } }
  return {
    run: async (n) => {
      for (let i = 0; i < n; i += 1) {
        const decision = await spendfuse.reserve(request)
        if (!decision.allowed) throw new Error(decision.reason)
        await decision.settle(settlement)
      }
    },
  }
}

/** Five counters raised, one for each budget; nothing is held, nothing settled. */
export const rateLimiterContender = (): Contender => {
  const limiter = new RateLimiterMemory({ points: 1e15, duration: 3_600 })
  const keys = Object.values({ ...subjectOf(0), platform: "all" })
  return {
    run: async (n) => {
      for (let i = 0; i < n; i += 1) for (const key of keys) await limiter.consume(key, 100)
    },
  }
}

/** A request that is refused from memory, again and again. */
export const refusedContender = (): Contender => {
  const spendfuse = opened()
  const request: CallRequest = {
    subject: subjectOf(0),
    amounts: { usd: 2_000_000_000_000_000 },
    waitMs: 0,
  }
  return {
    run: async (n) => {
      for (let i = 0; i < n; i += 1) {
        const decision = await spendfuse.reserve(request)
        if (decision.allowed) throw new Error("admitted")
      }
    },
  }
}
