import type { Policy } from "../domain/policy.ts"
import { definePolicy } from "./policy.ts"
import type { PolicyJson } from "./policyJson.ts"

/** The amounts and names of the seed policy. */
export interface SeedPolicyOptions {
  /** USD per hour and subject: warned at 80 %, tripped and paged at 100 %, for an hour. */
  readonly hourlyUsd: number | string
  /** USD per day and subject: latched at twice of it, until a person acknowledges. */
  readonly dailyUsd: number | string
  /** The dimension it counts by; `apiKey` unless given. */
  readonly per?: string
  /** Names of the channels; `slack`, `pagerDuty` and `oncall` unless given. */
  readonly channels?: { readonly warn?: string; readonly page?: string; readonly latch?: string }
}

/**
 * The ready policy: a heads-up at 80 % of the hour, a trip and a page at 100 %, and a latch at 200 % of
 * the day that only a person lifts.
 *
 * @example seedPolicy({ hourlyUsd: 50, dailyUsd: 300 }).budgets.map(({ id }) => id) // => ["hour", "day"]
 */
export const seedPolicy = (options: SeedPolicyOptions): Policy =>
  definePolicy(seedPolicyJson(options))

/** The same as data, to start a policy file from. */
export const seedPolicyJson = (options: SeedPolicyOptions): PolicyJson => {
  const per = [options.per ?? "apiKey"]
  const { warn = "slack", page = "pagerDuty", latch = "oncall" } = options.channels ?? {}
  return {
    budgets: [
      {
        id: "hour",
        per,
        limit: { usd: options.hourlyUsd },
        window: "hour",
        tiers: [
          { at: "80%", notify: [warn], message: "Heads up, cost rate is elevated" },
          { at: "100%", trip: { coolDown: "1h" }, notify: [page], message: "Hourly cap reached" },
        ],
      },
      {
        id: "day",
        per,
        limit: { usd: options.dailyUsd },
        window: "day",
        tiers: [
          {
            at: "200%",
            latch: true,
            repeat: "100%",
            notify: [latch],
            message: "Twice the day's budget: stopped until someone acknowledges",
          },
        ],
      },
    ],
    unknownModel: "refuse",
    onStoreUnavailable: "deny",
    maxOutputTokens: 16_384,
  }
}
