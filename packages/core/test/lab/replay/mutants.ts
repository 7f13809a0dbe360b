import type { Mutant } from "../../laws/prove.ts"

/** Broken fast paths: each is one edit that a hand might make, and that the law notices. */
export const mutants: readonly Mutant[] = [
  {
    name: "a refusal is kept when its cool-down is over",
    file: "judge.ts",
    find: "if (nowMs >= gauge.untilMs || ",
    replace: "if (",
  },
  {
    name: "what a call costs is rounded down",
    file: "rates.ts",
    find: "rounded(inputTokens * input + outputTokens * output)",
    replace: "Math.floor((inputTokens * input + outputTokens * output) / MILLION)",
  },
  {
    name: "calls far from an edge stay there when it comes near",
    file: "running.ts",
    find: "gauge.columns > 0 && isHot(gauge)",
    replace: "gauge.columns > 0 && isGone(gauge)",
  },
  {
    name: "the level that only tells is no edge",
    file: "gauge.ts",
    find: "Math.min(nextLevel, cap + 1, QUICK_MAX)",
    replace: "Math.min(cap + 1, QUICK_MAX)",
  },
  {
    name: "a meter is read before what is over is ended",
    file: "running.ts",
    find: "      if (gauge.columns > 0) {",
    replace: "      if (gauge.columns > 1) {",
  },
  {
    name: "columns end after the end of a period is told",
    file: "player.ts",
    find: "nowMs >= hand.untilMs || endMs >= hand.endsUntilMs",
    replace: "nowMs >= hand.untilMs",
  },
  {
    name: "the step looks before columns are ended",
    file: "running.ts",
    find: "  beforeStep(): void {\n    this.#leaveColumns(always)",
    replace: "  beforeStep(): void {",
  },
  {
    name: "a busy row of refusals is forgotten",
    file: "judge.ts",
    find: "gauge.busySinceMs = nowMs",
    replace: "gauge.busySinceMs = null",
  },
  {
    name: "an admission does not end a row of refusals",
    file: "judge.ts",
    find: "    gauge.refusals = 0\n    gauge.refusedAtMs = null\n    gauge.busySinceMs = null",
    replace: "",
  },
  {
    name: "what refusals note is kept from the step",
    file: "gauge.ts",
    find: "for (const gauge of this.#noted) this.#write(gauge)",
    replace: "",
  },
  {
    name: "what uses more than it holds runs in columns",
    file: "player.ts",
    find: "if (!this.#calls.isCalm || running.spent > usd || running.used > tokens) return false",
    replace: "",
  },
  {
    name: "of several ends the last one counts",
    file: "gauge.ts",
    find: "  Math.min(...(gauges ?? []).map(of))",
    replace: "  Math.max(...(gauges ?? []).map(of))",
  },
  {
    name: "a refusal names budgets of the one before it",
    file: "judge.ts",
    find: "if (refusal.budgets.length !== named) refusal.budgets.length = named",
    replace: "",
  },
  {
    name: "a grant is rounded up",
    file: "judge.ts",
    find: "Math.floor(room / each)",
    replace: "Math.ceil(room / each)",
  },
]
