// The one budget that all processes spend, and the calls that they make on it.
import { definePolicy } from "@spendfuse/core"

/** The budget's only account. */
export const ACCOUNT = "all/all"

/** Where its tiers lie, as shares of the limit; the last one blocks. */
export const TIERS = [0.25, 0.5, 0.8, 0.95, 1]

export const MODEL = { provider: "openai", model: "gpt-5" }

/** What a call asks for at most, in tokens, and what it costs on average in USD: a half of both. */
export const INPUT_MAX = 2_000
export const OUTPUT_MAX = 1_000
const MEAN_USD = (1_000 * 1.25 + 500 * 10) / 1e6

/** A policy whose budget is used up by about so many calls. */
export const policyOf = ({ calls, lease }) =>
  definePolicy({
    budgets: [
      {
        id: "all",
        per: ["platform"],
        limit: { usd: Math.ceil(calls * MEAN_USD * 100) / 100 },
        window: "month",
        ...(lease === null ? {} : { lease }),
        tiers: TIERS.map((share) => ({
          at: `${share * 100}%`,
          notify: ["people"],
          ...(share === 1 ? { block: true } : {}),
        })),
      },
    ],
    unknownModel: "refuse",
    onStoreUnavailable: "deny",
  })

/** The limit in nano-USD. */
export const limitOf = (order) => policyOf(order).budgets[0].limit
