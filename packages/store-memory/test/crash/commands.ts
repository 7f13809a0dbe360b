import {
  type Amounts,
  type Budget,
  type BudgetPolicy,
  type Charge,
  type Command,
  compile,
  type Line,
  type Reserve,
  type Settle,
} from "@spendfuse/core/domain"

export const NOW_MS: number = Date.UTC(2026, 0, 15, 10, 20)

/** Levels at each 10, told to `log`; at 100 it latches and pages. */
export const LATCHING: Budget = {
  id: "latching",
  per: ["apiKey"],
  unit: "usd",
  limit: 100,
  window: { kind: "day", timeZone: "UTC" },
  tiers: [
    { at: { amount: 10 }, repeatPercent: 10, notify: ["log"] },
    { at: { percent: 100 }, effect: { kind: "latch" }, notify: ["page"] },
  ],
}

export const usd = (amount: number): Amounts => ({ usd: amount, tokens: 0, requests: 1 })

export const linesOf = (
  apiKey: string,
  policy: BudgetPolicy = { budgets: [LATCHING] },
): readonly Line[] => {
  const plan = compile(policy, { apiKey }, NOW_MS)
  if ("missing" in plan) throw new Error(plan.missing)
  return plan.lines
}

const head = (
  n: number,
): { id: { source: string; n: number }; done: number; division: string } => ({
  id: { source: "test", n },
  done: 0,
  division: "*",
})

export const charge = (n: number, apiKey: string, amount: number): Charge => ({
  ...head(n),
  kind: "charge",
  lines: linesOf(apiKey),
  amounts: usd(amount),
  ends: null,
})

export const reserve = (n: number, lines: readonly Line[], amount: number): Reserve => ({
  ...head(n),
  kind: "reserve",
  issuedAtMs: NOW_MS,
  lines,
  switches: [],
  base: usd(amount),
  perUnit: { usd: 0, tokens: 0, requests: 0 },
  units: { least: 0, most: 0 },
  expiresAtMs: NOW_MS + 600_000,
  via: null,
  swallowed: 0,
})

export const settle = (n: number, of: number, amount: number): Settle => ({
  ...head(n),
  kind: "settle",
  reservation: { source: "test", n: of },
  seq: 1,
  actual: usd(amount),
  final: true,
})

export const acknowledge = (n: number, apiKey: string): Command => ({
  ...head(n),
  kind: "acknowledge",
  account: linesOf(apiKey)[0]?.account ?? "",
  generation: 1,
  upTo: 1_000,
  allow: null,
  line: null,
  by: "ann",
  why: "seen",
})
