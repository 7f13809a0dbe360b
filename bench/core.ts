import { definePolicy } from "@spendfuse/core"
import {
  apply,
  compile,
  emptyLedger,
  type Ledger,
  NOTHING,
  type Plan,
  type Policy,
  type Reserve,
  type Settle,
} from "@spendfuse/core/domain"
import type { Contender } from "./rounds.ts"

/** Five budgets of three tiers, as the figures of the bench mean it. */
export const fivePolicy: Policy = definePolicy({
  budgets: (["apiKey", "session", "user", "org", "platform"] as const).map((dimension) => ({
    id: `b-${dimension}`,
    per: [dimension],
    limit: { usd: 1_000_000 },
    window: "hour" as const,
    tiers: [
      { at: "50%", notify: [] },
      { at: "80%", notify: [] },
      { at: "100%", block: true as const },
    ],
  })),
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
  maxOutputTokens: 1_000,
})

export const NOW_MS: number = Date.UTC(2026, 0, 15, 10, 20)

export const subjectOf = (i: number): Readonly<Record<string, string>> => ({
  apiKey: `key-${i}`,
  session: `session-${i}`,
  user: `user-${i}`,
  org: `org-${i}`,
})

/** The two commands of one call: hold 500 nano-USD, settle 100. */
export const commandsOf = (plan: Plan, count: number): readonly [Reserve, Settle] => {
  const reserve: Reserve = {
    kind: "reserve",
    id: { source: "bench", n: 2 * count - 1 },
    done: 2 * count - 2,
    division: plan.division,
    issuedAtMs: NOW_MS,
    lines: plan.lines,
    switches: plan.switches,
    base: { usd: 500, tokens: 0, requests: 1 },
    perUnit: NOTHING,
    units: { least: 0, most: 0 },
    expiresAtMs: NOW_MS + 600_000,
    via: null,
    swallowed: 0,
  }
  const settle: Settle = {
    kind: "settle",
    id: { source: "bench", n: 2 * count },
    done: 2 * count - 1,
    division: plan.division,
    reservation: reserve.id,
    seq: 1,
    actual: { usd: 100, tokens: 0, requests: 1 },
    final: true,
  }
  return [reserve, settle]
}

/** Reserve and settle through the core, synchronously, over `subjects` subjects in turn. */
export const coreContender = (
  subjects: number,
  ledger: Ledger = emptyLedger(),
): Contender & { readonly ledger: Ledger } => {
  const plans = Array.from({ length: subjects }, (_, i) => {
    const plan = compile(fivePolicy, subjectOf(i), NOW_MS)
    if ("missing" in plan) throw new Error(plan.missing)
    return plan
  })
  let count = 0
  return {
    ledger,
    run: (n) => {
      for (let i = 0; i < n; i += 1) {
        const plan = plans[count % subjects]
        if (plan === undefined) throw new Error("no plan")
        count += 1
        const [reserve, settle] = commandsOf(plan, count)
        if (apply(ledger, reserve, NOW_MS).outcome.kind !== "reserved") throw new Error("refused")
        if (apply(ledger, settle, NOW_MS).outcome.kind !== "settled") throw new Error("not settled")
      }
    },
  }
}
