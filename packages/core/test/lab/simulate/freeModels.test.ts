import { describe, expect, it } from "vitest"
import type { FleetJson } from "../../../src/lab.ts"
import { dollars, fleetJson, one, played } from "./dollarCalls.ts"

describe("a model that costs nothing", () => {
  const models = { m: { input: 0, output: 0, maxOutput: 400_000 } } as const
  const { policy } = fleetJson()
  const counting = (limit: FleetJson["policy"]["budgets"][number]["limit"]) => ({
    ...policy,
    budgets: policy.budgets.map((budget) => ({ ...budget, limit })),
  })

  it("is held to a budget of tokens all the same", () => {
    // A million tokens a call.
    const tokens = { models, policy: counting({ tokens: 5_000_000 }) }
    const report = played("spendfuse", tokens)
    expect(report).toMatchObject({ made: 5, refused: 15, billedNanoUsd: 0 })
    expect(report.fuse).toMatchObject({ countedNanoUsd: 0, pages: 1 })
    expect(report.fuse?.bills).toContainEqual({
      per: ["apiKey"],
      unit: "tokens",
      span: "day",
      most: 5_000_000,
      bound: 5_000_000,
    })
    expect(played("counter", { ...tokens, ...one })).toMatchObject({ made: 5, refused: 15 })
    expect(played("unguarded", tokens)).toMatchObject({ made: 20, billedNanoUsd: 0 })
  })

  it("is held to one of requests, and to none of dollars while there is room", () => {
    const calls = { models, policy: counting({ requests: 7 }) }
    expect(played("spendfuse", calls)).toMatchObject({ made: 7, billedNanoUsd: 0 })
    expect(played("spendfuse", { models })).toMatchObject({ made: 20, billedNanoUsd: 0 })
  })

  it("may cost something from some input on", () => {
    const above = { tokens: 800_000, input: 1, output: 1 }
    const dear = { models: { m: { ...models.m, above } } }
    expect(dollars(played("spendfuse", dear))).toBe(5)
    expect(dollars(played("spendfuse", { ...dear, actor: { input: 700_000 } }))).toBe(0)
  })
})
