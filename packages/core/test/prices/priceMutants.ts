import type { Mutant } from "../laws/prove.ts"

const mutant = (name: string, find: string, replace: string): Mutant => ({
  name,
  file: "price.ts",
  find,
  replace,
})

export const priceMutants: readonly Mutant[] = [
  mutant("rounds down", "(value + by - 1n) / by", "value / by"),
  mutant(
    "rounds each component",
    "sum += scaled(component, rates) * BigInt(count) * BigInt(nanoUsdPerMillion)",
    "sum += divideUp(scaled(component, rates) * BigInt(count) * BigInt(nanoUsdPerMillion), 1_000_000n) * 1_000_000n",
  ),
  mutant("rounds up what is whole", "(value + by - 1n) / by", "value / by + 1n"),
  mutant(
    "gives pieces the service tier's factor",
    'component.endsWith("Tokens") ? factor.times : factor.by',
    "factor.times",
  ),
  mutant("forgets the service tier", "1_000_000n * BigInt(rates.factor.by))", "1_000_000n)"),
  mutant(
    "takes the long rate at its threshold",
    "if (input > tier.above) found",
    "if (input >= tier.above) found",
  ),
  mutant("never takes the long rate", "if (input > tier.above) found = tier.rate", ""),
  mutant(
    "bills a long call as a short one",
    "if (input > tier.above) found = tier.rate",
    "if (input > tier.above) found = 0",
  ),
  mutant(
    "leaves cached input out of the length",
    "INPUT.reduce((sum, name) => sum + (usage[name] ?? 0), 0)",
    "usage.inputTokens ?? 0",
  ),
  mutant(
    "bills cached input twice",
    "const count = usage[component] ??",
    'const count = component === "inputTokens" ? (usage.inputTokens ?? 0) + (usage.cacheReadTokens ?? 0) : usage[component] ??',
  ),
  mutant(
    "takes an unknown rate for free",
    "if (rate === undefined)\n      return {",
    "if (rate === undefined) continue\n    if (false) return {",
  ),
  mutant(
    "lets a call be free that is billed by the call",
    "rate !== undefined ? 1 : 0",
    "rate !== undefined ? 0 : 0",
  ),
  mutant(
    "counts what is no count",
    "count !== undefined && !isAmount(count)",
    "count === undefined",
  ),
  mutant(
    "passes over what it does not know",
    "if (!COMPONENTS.has(name)) return",
    "if (!COMPONENTS.has(name)) continue\n    if (false) return",
  ),
  mutant(
    "holds for short input only",
    "if (input > tier.above) most = Math.max(most, tier.rate)",
    "void tier",
  ),
  mutant("holds for the first rate", "most = Math.max(most ?? 0, rate.base)", "most ??= rate.base"),
  mutant(
    "holds for one choice",
    "tokens * BigInt(bounds.choices) * BigInt(output)",
    "tokens * BigInt(output)",
  ),
  mutant("holds for no searches", "pieces * BigInt(bounds.searches) * BigInt(search) +", ""),
  mutant("holds for no images", "pieces * BigInt(bounds.imageCount) * BigInt(image) +", ""),
  mutant("holds for no call", "pieces * BigInt(call)", "0n"),
  mutant("holds for no one-hour cache", '  "cacheWrite1hTokens",\n', ""),
  mutant("holds for text where it draws", '  "imageOutputTokens",\n', ""),
  mutant("holds for text where it speaks", '(audio ? (["audioOutputTokens"] as const) : [])', "[]"),
  mutant("holds for text where it hears", "(audio || !AUDIO.has(name))", "!AUDIO.has(name)"),
  mutant(
    "holds at a cheaper tier",
    'const tokens = scaled("inputTokens", rates)',
    "const tokens = 1n",
  ),
]
