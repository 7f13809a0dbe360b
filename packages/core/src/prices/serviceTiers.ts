import { type Rates, STANDARD } from "../domain/price.ts"
import type { Listed } from "./components.ts"

type Factor = Rates["factor"]

/**
 * A service tier by one name, as providers write it in many: `default`, `SERVICE_TIER_FLEX`,
 * `ON_DEMAND_PRIORITY`. Several at once are joined by `+`: `fast+us`.
 */
export const tierName = (serviceTier: string | undefined): string => {
  const names = (serviceTier ?? "")
    .toLowerCase()
    .split("+")
    .map((name) => name.replace(/^(?:service_tier|on_demand)_/, ""))
    .filter((name) => !NORMAL.has(name))
  return names.length === 0 ? "standard" : names.sort().join("+")
}

/** The tiers that a call may be served at: the asked one, the standard one, and what the account is set to. */
export const tiersServed = (
  asked: string | undefined,
  account: readonly string[] = [],
): readonly string[] => [...new Set([asked, undefined, ...account].map(tierName))]

/**
 * The factor of a service tier on a model's token rates; null where none is published.
 *
 * Sources, read 2026-11: OpenAI "Batch" and "Flex processing" (half of the standard rates) and the table of
 * "Priority processing"; Anthropic "Batch processing" (half), "Service tiers" (priority is bought by
 * commitment, and counted here at standard rates), "Fast mode", "Data residency" (US only: 1.1); Gemini
 * "Optimization" (batch and flex: half; priority is 75 % to 100 % dearer, by no published table).
 */
export const factorOf = (listed: Listed, serviceTier: string): Factor | null => {
  let factor: Factor = STANDARD
  for (const name of serviceTier.split("+")) {
    const one = oneFactor(listed, name)
    if (one === null) return null
    factor = { times: factor.times * one.times, by: factor.by * one.by }
  }
  return factor
}

const NORMAL = new Set([
  "",
  "auto",
  "default",
  "standard",
  "standard_only",
  "on_demand",
  "global",
  "unspecified",
])

const oneFactor = ({ provider, model }: Listed, name: string): Factor | null => {
  switch (`${provider} ${name}`) {
    case "openai batch":
    case "openai flex":
    case "anthropic batch":
    case "google batch":
    case "google flex":
      return HALF
    case "openai priority":
      return PRIORITY.get(model) ?? null
    case "anthropic priority":
      return STANDARD
    case "anthropic fast":
      return FAST.get(model) ?? null
    case "anthropic us":
      return US_ONLY
    default:
      return name === "standard" ? STANDARD : null
  }
}

const HALF: Factor = Object.freeze({ times: 1, by: 2 })
const US_ONLY: Factor = Object.freeze({ times: 11, by: 10 })

const of = (times: number, by: number, models: readonly string[]) =>
  models.map((model) => [model, { times, by }] as const)

/** By the library's name of the model; all of OpenAI's table, input, cached and output alike. */
const PRIORITY: ReadonlyMap<string, Factor> = new Map([
  ...of(5, 2, ["gpt-5.5"]),
  ...of(2, 1, ["gpt-5", "gpt-5.1", "gpt-5.2", "gpt-5.4", "gpt-5.4-mini", "gpt-4.1-nano"]),
  ...of(9, 5, ["gpt-5-mini"]),
  ...of(7, 4, ["gpt-4.1", "gpt-4.1-mini", "gpt-4o-2024-05-13", "o3"]),
  ...of(17, 10, ["gpt-4o"]),
  ...of(5, 3, ["gpt-4o-mini"]),
  ...of(20, 11, ["o4-mini"]),
])

const FAST: ReadonlyMap<string, Factor> = new Map([
  ...of(6, 1, ["claude-opus-4-6"]),
  ...of(2, 1, ["claude-opus-4-8", "claude-opus-5"]),
])
