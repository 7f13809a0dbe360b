import { describe, expect, it } from "vitest"
import {
  inputTokensOf,
  outputTokensOf,
  USAGE_COMPONENTS,
  type UsageComponent,
} from "../../src/domain/usage.ts"

const INPUT: readonly UsageComponent[] = [
  "inputTokens",
  "cacheReadTokens",
  "cacheWriteTokens",
  "cacheWrite1hTokens",
  "audioInputTokens",
  "audioCacheReadTokens",
  "imageInputTokens",
  "imageCacheReadTokens",
  "videoInputTokens",
]
const OUTPUT: readonly UsageComponent[] = [
  "outputTokens",
  "audioOutputTokens",
  "imageOutputTokens",
  "videoOutputTokens",
]
const PIECES: readonly UsageComponent[] = ["images", "webSearches", "fileSearches", "calls"]

describe("a usage", () => {
  it("has these components, each once", () => {
    expect([...USAGE_COMPONENTS].sort()).toEqual([...INPUT, ...OUTPUT, ...PIECES].sort())
  })
  it.each(USAGE_COMPONENTS)("counts `%s` as input, as output or by the piece", (name) => {
    expect(inputTokensOf({ [name]: 7 })).toBe(INPUT.includes(name) ? 7 : 0)
    expect(outputTokensOf({ [name]: 7 })).toBe(OUTPUT.includes(name) ? 7 : 0)
  })
  it("is the sum of what it counts", () => {
    const usage = Object.fromEntries(USAGE_COMPONENTS.map((name, at) => [name, 2 ** at]))
    const sum = (names: readonly UsageComponent[]): number =>
      names.reduce((total, name) => total + (usage[name] ?? 0), 0)
    expect(inputTokensOf(usage)).toBe(sum(INPUT))
    expect(outputTokensOf(usage)).toBe(sum(OUTPUT))
    expect([inputTokensOf({}), outputTokensOf({})]).toEqual([0, 0])
  })
})
