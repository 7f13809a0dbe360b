import type { Policy } from "../../../src/domain/policy.ts"
import { definePolicy, type PolicyJson } from "../../../src/edge/policy.ts"
import { seedPolicy } from "../../../src/edge/seedPolicy.ts"
import {
  always,
  type Invariant,
  neverAbove,
  neverRefusedBelow,
  noStarvation,
  resumesAfterAcknowledgement,
  warnsBefore,
} from "../../../src/testing.ts"

type BudgetJson = PolicyJson["budgets"][number]

/** A policy, and the invariant that fits. */
export interface Case {
  readonly name: string
  readonly policy: Policy
  readonly invariant: Invariant
}

const USD = 1_000_000_000
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

const WARN = { at: "80%", notify: ["slack"] } as const
const BLOCK = { at: "100%", block: true } as const
const TRIP = { at: "100%", trip: { coolDown: "1h" }, notify: ["pager"] } as const
const LATCH = { at: "100%", latch: true, notify: ["pager"] } as const

const key = (more: Partial<BudgetJson> = {}): BudgetJson => ({
  id: "key-hour",
  per: ["apiKey"],
  limit: { usd: 50 },
  window: "hour",
  tiers: [WARN, TRIP],
  ...more,
})
const all = (more: Partial<BudgetJson> = {}): BudgetJson =>
  key({ id: "all-hour", per: ["platform"], ...more })
const org = (more: Partial<BudgetJson> = {}): BudgetJson =>
  key({ id: "org-hour", per: ["org"], ...more })

const of = (...budgets: readonly BudgetJson[]): Policy =>
  definePolicy({
    budgets,
    fallbacks: { mini: { model: "gpt-5-mini" } },
    unknownModel: "refuse",
    onStoreUnavailable: "deny",
  })

const most = (anyMs: number, per: readonly string[] = ["apiKey"], usd = 50): Invariant =>
  neverAbove({ per, unit: "usd", amount: usd * USD, within: { anyMs } })
const inHour = (per: readonly string[] = ["apiKey"], usd = 50): Invariant =>
  neverAbove({ per, unit: "usd", amount: usd * USD, within: "hour" })
const served = (usd: number, within: "hour" | "day" = "hour"): Invariant =>
  neverRefusedBelow({ per: ["apiKey"], unit: "usd", amount: usd * USD, within })
const fair = noStarvation({ of: { apiKey: "apiKey-2" }, by: { apiKey: "apiKey-1" } })
const resumes = (usd: number): Invariant =>
  resumesAfterAcknowledgement({ unit: "usd", amount: usd * USD })
const bound = always("every call is bound by a budget in USD", ({ ruling }) =>
  ruling?.allowed === true && !ruling.plan.lines.some(({ terms }) => terms.unit === "usd")
    ? "a call is bound by none"
    : null,
)

const pair = (
  name: string,
  invariant: Invariant,
  bad: readonly [Policy, number],
  good: Policy,
): {
  readonly name: string
  readonly bad: Case & { readonly steps: number }
  readonly good: Case
} => ({
  name,
  bad: { name, policy: bad[0], steps: bad[1], invariant },
  good: { name, policy: good, invariant },
})

const sliding = (length: string, usd = 50): BudgetJson =>
  key({ window: { sliding: length }, limit: { usd }, tiers: [BLOCK] })
const override = { usd: 50, overrides: { vip: 500 } } as const
const dear = { model: ["gpt-5*"] } as const

/** Each bad policy with the good one that keeps what it breaks. */
export const PAIRS: readonly ReturnType<typeof pair>[] = [
  pair("two hours meet", most(HOUR_MS), [of(key()), 2], of(sliding("1h"))),
  pair("two days meet", most(DAY_MS), [of(key({ window: "day" })), 2], of(sliding("24h"))),
  pair("two weeks meet", most(7 * DAY_MS), [of(key({ window: "week" })), 2], of(sliding("7d"))),
  pair("two months meet", most(28 * DAY_MS), [of(key({ window: "month" })), 2], of(sliding("28d"))),
  pair(
    "two fixed spans meet",
    most(6 * HOUR_MS),
    [of(key({ window: { every: "6h" } })), 2],
    of(sliding("6h")),
  ),
  pair(
    "a day in Paris is not one of UTC",
    neverAbove({ per: ["apiKey"], unit: "usd", amount: 50 * USD, within: "day" }),
    [of(key({ window: { day: { timeZone: "Europe/Paris" } } })), 2],
    of(key({ window: "day" })),
  ),
  pair(
    "blocks above its limit",
    inHour(),
    [of(key({ tiers: [WARN, { at: "120%", block: true }] })), 1],
    of(key({ tiers: [WARN, BLOCK] })),
  ),
  pair("only observes", inHour(), [of(key({ mode: "observe" })), 2], of(key({ mode: "enforce" }))),
  pair("nothing bounds all keys", inHour(["platform"]), [of(key()), 2], of(key(), all())),
  pair(
    "nothing bounds an org",
    inHour(["org"]),
    [of(key(), org({ limit: { usd: 90 } })), 2],
    of(key(), org()),
  ),
  pair(
    "an org has many users",
    inHour(["org"]),
    [of(key({ per: ["org", "user"] })), 2],
    of(key({ per: ["org", "user"] }), org()),
  ),
  pair("other models are free", inHour(), [of(key({ match: dear })), 1], of(key())),
  pair("other models are unbound", bound, [of(key({ match: dear })), 1], of(key())),
  pair(
    "other providers are unbound",
    bound,
    [of(key({ match: { provider: ["openai"] } })), 1],
    of(key({ match: { provider: ["openai"] } }), all({ limit: { usd: 500 } })),
  ),
  pair(
    "who names no key is unbound",
    bound,
    [of(key({ whenMissing: "skip" })), 1],
    of(key({ whenMissing: "skip" }), all({ limit: { usd: 500 } })),
  ),
  pair(
    "who names no key spends on",
    inHour(["platform"], 100),
    [of(key({ whenMissing: "skip" })), 2],
    of(key({ whenMissing: "skip" }), all({ limit: { usd: 100 } })),
  ),
  pair(
    "one key may spend ten times as much",
    inHour(),
    [of(key({ limit: override })), 1],
    of(key()),
  ),
  pair("trips unwarned", warnsBefore(), [of(key({ tiers: [TRIP] })), 2], of(key())),
  pair(
    "latches unwarned",
    warnsBefore(),
    [of(key({ tiers: [LATCH] })), 2],
    of(key({ tiers: [WARN, LATCH] })),
  ),
  pair(
    "warns after the trip",
    warnsBefore(),
    [of(key({ tiers: [TRIP, { at: "120%", notify: ["slack"] }] })), 2],
    of(key({ tiers: [WARN, TRIP, { at: "120%", notify: ["slack"] }] })),
  ),
  pair(
    "degrades, and tells nobody",
    warnsBefore(),
    [of(key({ tiers: [{ at: "80%", degrade: "mini" }, TRIP] })), 2],
    of(key({ tiers: [{ at: "80%", degrade: "mini", notify: ["slack"] }, TRIP] })),
  ),
  pair(
    "one of two budgets latches unwarned",
    warnsBefore({ state: "latched" }),
    [of(key(), all({ tiers: [LATCH] })), 2],
    of(key(), all({ tiers: [WARN, LATCH] })),
  ),
  pair(
    "warns in the same moment",
    warnsBefore({ leastMs: 1 }),
    [of(key()), 2],
    of(key({ tiers: [WARN, BLOCK] })),
  ),
  pair("keys share a purse", fair, [of(key(), all({ limit: { usd: 60 } })), 2], of(key())),
  pair(
    "keys of an org share a purse",
    fair,
    [of(key(), org({ limit: { usd: 60 } })), 2],
    of(key(), org({ per: ["org", "apiKey"] })),
  ),
  pair(
    "keys share a dear model",
    fair,
    [of(key(), all({ limit: { usd: 60 }, match: dear })), 2],
    of(key(), key({ id: "dear", limit: { usd: 60 }, match: dear })),
  ),
  pair(
    "keys share a latch",
    fair,
    [of(key({ tiers: [BLOCK] }), all({ limit: { usd: 90 }, tiers: [WARN, LATCH] })), 2],
    of(
      key({ tiers: [BLOCK] }),
      key({ id: "key-day", window: "day", limit: { usd: 90 }, tiers: [WARN, LATCH] }),
    ),
  ),
  pair(
    "keys share one call at a time",
    fair,
    [of(key(), all({ limit: { requests: 1 }, tiers: [BLOCK] })), 2],
    of(key(), key({ id: "calls", limit: { requests: 1 }, tiers: [BLOCK] })),
  ),
  pair(
    "asks again after every half dollar",
    resumes(5),
    [of(key({ tiers: [{ ...LATCH, repeat: "1%" }] })), 2],
    of(key({ tiers: [LATCH] })),
  ),
  pair(
    "asks again after every five dollars",
    resumes(10),
    [of(key({ tiers: [{ ...LATCH, repeat: "10%" }] })), 2],
    of(key({ tiers: [{ ...LATCH, repeat: "20%" }] })),
  ),
  pair(
    "the whole asks again too soon",
    resumes(5),
    [of(key(), all({ limit: { usd: 50 }, tiers: [{ ...LATCH, repeat: "1%" }] })), 2],
    of(key(), all({ limit: { usd: 50 }, tiers: [LATCH] })),
  ),
  pair(
    "is tighter than was promised",
    served(50),
    [of(key({ limit: { usd: 40 } })), 1],
    of(key({ tiers: [BLOCK] })),
  ),
  pair(
    "blocks at the half",
    served(50),
    [of(key({ tiers: [{ at: "50%", block: true }] })), 1],
    of(key({ tiers: [BLOCK] })),
  ),
  pair(
    "yesterday is not over",
    served(50, "day"),
    [of(key({ window: { sliding: "24h" }, tiers: [BLOCK] })), 2],
    of(key({ window: "day", tiers: [BLOCK] })),
  ),
  pair(
    "the day is shorter than its hours",
    served(50),
    [
      of(
        key({ tiers: [BLOCK] }),
        key({ id: "day", window: "day", limit: { usd: 60 }, tiers: [BLOCK] }),
      ),
      2,
    ],
    of(
      key({ tiers: [BLOCK] }),
      key({ id: "day", window: "day", limit: { usd: 1200 }, tiers: [BLOCK] }),
    ),
  ),
  pair(
    "cools down into the next hour",
    served(50),
    [of(key()), 2],
    of(key({ tiers: [WARN, BLOCK] })),
  ),
]

/** Good ones beside the mended: of what holds for every sane policy. */
export const SANE: readonly (readonly [string, Policy])[] = [
  ["the seed", seedPolicy({ hourlyUsd: 50, dailyUsd: 300 })],
  ["slices", of(key({ lease: { share: "5%", for: "30s" } }), all({ limit: { usd: 400 } }))],
  [
    "tokens and dollars",
    of(key(), all({ limit: { tokens: 1000 }, window: "day", tiers: [BLOCK] })),
  ],
]
