import { count, fieldOf, text } from "../fetch/seen.ts"
import type { LanguageParams, NamedModel } from "./models.ts"

/**
 * Tokens that a provider package of the SDK adds to the limit that it is given: those of Anthropic's models add
 * the budget of what is thought to it (@ai-sdk/anthropic 4.0, @ai-sdk/amazon-bedrock, read 2026-11). Held with the
 * limit, and taken out of what is sent.
 */
export const addedTokens = (model: NamedModel, params: LanguageParams): number => {
  const isAdding = /anthropic|bedrock/.test(model.provider) || /claude/.test(model.modelId)
  if (!isAdding) return 0
  for (const [name, field] of BUDGETS) {
    const thinking = fieldOf(fieldOf(params.providerOptions, name), field)
    const type = fieldOf(thinking, "type")
    if (type === undefined) continue
    return type === "enabled" ? (count(fieldOf(thinking, "budgetTokens")) ?? DEFAULT_BUDGET) : 0
  }
  const level = text(params.reasoning) ?? ""
  return Object.hasOwn(SHARES, level) ? Math.ceil((SHARES[level] ?? 0) * OUTPUT_MAX) : 0
}

const BUDGETS = [
  ["anthropic", "thinking"],
  ["bedrock", "reasoningConfig"],
] as const
const DEFAULT_BUDGET = 1_024

/** A level is a share of what the model can write; models that can write more than this think within the limit. */
const OUTPUT_MAX = 64_000
const SHARES: Readonly<Record<string, number>> = {
  minimal: 0.02,
  low: 0.1,
  medium: 0.3,
  high: 0.6,
  xhigh: 0.9,
  max: 0.95,
}
