import { describe, expect, it } from "vitest"
import { memoryStore } from "../../../store-memory/src/index.ts"
import { spanProblems } from "../../src/edge/spanProblems.ts"
import { createSpendfuse, definePolicy, type PolicyJson } from "../../src/index.ts"

const block = [{ at: "100%", block: true as const }]
const lease = { share: "1%", for: "30s" }
const budget = (id: string, per: string[], more = {}): PolicyJson["budgets"][number] => ({
  id,
  per,
  limit: { usd: 1 },
  window: "hour",
  tiers: block,
  ...more,
})
const policyOf = (budgets: PolicyJson["budgets"], partitionBy?: string) =>
  definePolicy({
    budgets,
    unknownModel: "refuse",
    onStoreUnavailable: "deny",
    maxOutputTokens: 1,
    ...(partitionBy !== undefined && { partitionBy }),
  })

const alone = { spansDivisions: false }
const bare = policyOf([budget("org", ["org"]), budget("all", ["platform"])], "org")

describe("a store that judges one division at a time", () => {
  it("needs a lease on every budget that does not count by the partition", () => {
    expect(spanProblems(bare, alone).map(({ path }) => path)).toEqual(["budgets[1].lease"])
  })

  it("takes a policy where they are leased, or nothing divides the ledger", () => {
    const budgets = [budget("org", ["org", "apiKey"]), budget("all", ["platform"], { lease })]
    expect(spanProblems(policyOf(budgets, "org"), alone)).toEqual([])
    expect(spanProblems(policyOf([budget("all", ["platform"])]), alone)).toEqual([])
  })

  it("is refused at start, by name; one that spans divisions is not", async () => {
    const options = { policy: bare, onNotice: () => undefined }
    const store = memoryStore()
    expect(() => createSpendfuse({ ...options, store: { ...store, ...alone } })).toThrow(
      'budgets[1].lease: is missing: budget `"all"` does not count by `"org"`',
    )
    await createSpendfuse({ ...options, store }).close()
  })
})
