// What hosts under faults are held to: one budget of all calls together, and one of each call, so that the store itself says what it counts for each.
import { definePolicy } from "@spendfuse/core"

/** Every call holds this much and costs from 1 nano-USD to all of it. */
export const HOLD_NANO = 2_000_000
/** The account of all calls together, and what begins that of one call. */
export const ALL = "all/all"
export const CALL = "call/"

/**
 * @param capCalls so many whole holds fit under the cap
 * @param onStoreUnavailable `deny` unless given
 * @param lease of the budget of all
 * @param isEach whether each call has a budget of its own; without, a host can decide by itself
 */
export const policyOf = ({
  capCalls,
  onStoreUnavailable = "deny",
  lease,
  isEach = true,
  window = "month",
}) =>
  definePolicy({
    budgets: [
      {
        id: "all",
        per: ["platform"],
        limit: { usd: (capCalls * HOLD_NANO) / 1e9 },
        window,
        ...(lease === undefined ? {} : { lease }),
        tiers: [
          { at: "10%", repeat: "10%", notify: ["log"] },
          { at: "100%", block: true },
        ],
      },
      ...(isEach ? [EACH_CALL] : []),
    ],
    unknownModel: "refuse",
    onStoreUnavailable,
  })

const EACH_CALL = {
  id: "call",
  per: ["call"],
  limit: { usd: 1 },
  window: { lifetime: { idle: "24h" } },
  tiers: [{ at: "100%", block: true }],
}
