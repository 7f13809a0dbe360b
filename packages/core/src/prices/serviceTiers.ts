import { type Rates, STANDARD } from "../domain/price.ts"

/**
 * The factor of a service tier on a model's token rates; null where none is published.
 *
 * Sources, read 2026-09: OpenAI "Batch" and "Flex processing" (half of the standard rates) and the table of
 * "Priority processing"; Anthropic "Batch processing" (half) and "Service tiers" (priority is bought by
 * commitment, and counted here at standard rates); Gemini "Batch mode" (half).
 */
export const factorOf = (
  provider: string,
  model: string,
  serviceTier: string | undefined,
): Rates["factor"] | null => {
  if (serviceTier === undefined || NORMAL.has(serviceTier)) return STANDARD
  if (serviceTier === "batch" && HALVED_IN_BATCH.has(provider)) return HALF
  if (provider === "openai" && serviceTier === "flex") return HALF
  if (provider === "openai" && serviceTier === "priority") return openAiPriority(model)
  if (provider === "anthropic" && serviceTier === "priority") return STANDARD
  return null
}

const NORMAL = new Set(["auto", "default", "standard", "standard_only", "on_demand"])
const HALVED_IN_BATCH = new Set(["openai", "anthropic", "google"])
const HALF = Object.freeze({ times: 1, by: 2 })

/** By the longest beginning of the model's name. */
const PRIORITY: Readonly<Record<string, readonly [number, number]>> = {
  "gpt-5-mini": [9, 5],
  "gpt-5": [2, 1],
  "gpt-4.1-nano": [2, 1],
  "gpt-4.1": [7, 4],
  "gpt-4o-mini": [5, 3],
  "gpt-4o": [17, 10],
  "o4-mini": [20, 11],
  o3: [7, 4],
}

const openAiPriority = (model: string): Rates["factor"] | null => {
  const names = Object.keys(PRIORITY).filter((name) => model.startsWith(name))
  const longest = names.sort((one, other) => other.length - one.length)[0]
  const found = longest === undefined ? undefined : PRIORITY[longest]
  return found === undefined ? null : { times: found[0], by: found[1] }
}
