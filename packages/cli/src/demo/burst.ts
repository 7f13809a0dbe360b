import { guardedFetch } from "@spendfuse/adapters/fetch"
import { createSpendfuse, definePolicy } from "@spendfuse/core"
import { libraryPrices } from "@spendfuse/core/prices"
import { memoryStore } from "@spendfuse/store-memory"
import OpenAI from "openai"
import { loopback } from "./loopback.ts"
import { standIn } from "./provider.ts"

export interface Burst {
  readonly calls: number
  /** Spent over the budget: 1 is all of it. */
  readonly spentRatio: number
  /** Refused although they would have fit. */
  readonly falseRefusals: number
}

const CALLS = 200
const BUDGET_NANO = 10_000_000_000
/** gpt-5 at $10 per million: 9,990 tokens of output and 80 of input are $0.10. */
const COST_NANO = 100_000_000

/**
 * 200 calls at once against $10, in real time and through a real server on this machine: each costs $0.10
 * and asks for five times that at worst; 100 fit.
 */
export const playBurst = async (): Promise<Burst> => {
  const spendfuse = createSpendfuse({
    policy: definePolicy({
      budgets: [
        {
          id: "key",
          per: ["apiKey"],
          limit: { usdNano: BUDGET_NANO },
          window: "day",
          tiers: [{ at: "100%", block: true }],
        },
      ],
      unknownModel: "refuse",
      onStoreUnavailable: "deny",
      minOutputTokens: 9_990,
    }),
    store: memoryStore(),
    prices: libraryPrices(),
    onNotice: () => undefined,
    // Whoever fits is let in, however slow the machine.
    waitMs: 60_000,
  })
  let answered = 0
  const provider = await loopback(
    standIn({
      openai: { inputTokens: 80, outputTokens: 9_990 },
      anthropic: { inputTokens: 0, outputTokens: 0 },
      delayMs: 50,
      onAnswer: () => {
        answered += 1
      },
    }),
  )
  const guarded = guardedFetch(spendfuse, { subject: { apiKey: "burst" } })
  const client = new OpenAI({
    apiKey: "demo",
    baseURL: `${provider.url}/v1`,
    fetch: guarded,
    maxRetries: 0,
  })
  const call = () =>
    client.chat.completions
      .create({
        model: "gpt-5",
        messages: [{ role: "user", content: "hi" }],
        max_completion_tokens: 49_000,
      })
      .catch(() => null)
  await Promise.all(Array.from({ length: CALLS }, call))
  await guarded.idle()
  const { settled } = await spendfuse.account({ budget: "key", subject: { apiKey: "burst" } })
  await spendfuse.close()
  await provider.close()
  const fitting = Math.min(CALLS, Math.floor(BUDGET_NANO / COST_NANO))
  return {
    calls: CALLS,
    spentRatio: settled / BUDGET_NANO,
    falseRefusals: Math.max(0, fitting - answered),
  }
}
