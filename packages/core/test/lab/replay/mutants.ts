import type { Mutant } from "../../laws/prove.ts"

/** Broken fast paths: each is one edit that a hand might make, and that the law notices. */
export const mutants: readonly Mutant[] = [
  {
    name: "a refusal is kept when its cool-down is over",
    file: "closed.ts",
    find: "run.nowMs >= untilMs || ",
    replace: "",
  },
  {
    name: "what a call costs is rounded down",
    file: "rates.ts",
    find: "return rounded(inputTokens * input + outputTokens * output)",
    replace: "return Math.floor((inputTokens * input + outputTokens * output) / MILLION)",
  },
  {
    name: "all rates are rounded down",
    file: "rates.ts",
    find: "Math.floor((millionths + MILLION - 1) / MILLION)",
    replace: "Math.floor(millionths / MILLION)",
    equivalent:
      "a rate that does not give the list's own worst case is none: then the list is asked",
  },
]
