import { describe, expect, it } from "vitest"
import { definePolicy } from "../../../src/edge/policy.ts"
import { defineRule, type RuleJson } from "../../../src/edge/rule.ts"
import {
  type CheckRuleOptions,
  checkPolicy,
  checkRule,
  neverAbove,
  PolicyBroken,
  RuleBroken,
  type RuleLaw,
} from "../../../src/testing.ts"

type Apply = RuleJson<"day">["apply"]

const USD = 1_000_000_000
const HOUR_MS = 3_600_000
const tiers = [{ at: "100%", block: true }] as const
const day = { id: "day", per: ["apiKey"], limit: { usd: 1 }, window: "day", tiers } as const
const ruleOf = (apply: Apply, claims: RuleJson["claims"] = []) =>
  defineRule({ name: "trials", budgets: [day], claims, apply })
const values = { plan: ["trial", "paid"] }

const brokenBy = (apply: Apply, options: CheckRuleOptions, claims?: RuleJson["claims"]) => {
  try {
    checkRule(ruleOf(apply, claims), options)
  } catch (error) {
    if (error instanceof RuleBroken) return error
    throw error
  }
  throw new Error("nothing was found")
}

let count = 0
const seen = new Set<string>()
const isNight = (atMs: number): boolean => atMs % (24 * HOUR_MS) < 6 * HOUR_MS

/** Each with the law that it breaks. */
const BAD: Readonly<Record<string, readonly [RuleLaw, Apply]>> = {
  "throws without a plan": [
    "total",
    ({ subject: { plan = "" } }) => (JSON.parse(plan || "x") ? {} : {}),
  ],
  "reads what may be missing": ["total", ({ model }) => ((model as string).length > 9 ? {} : {})],
  "answers nothing": ["total", () => undefined as never],
  "answers later": ["total", (async () => ({})) as unknown as Apply],
  "names what it has not": ["total", () => ({ budgets: ["week" as "day"] })],
  "turns no dimension off": ["total", () => ({ switches: [{ dimension: "", value: "x" }] })],
  "ends before it begins": ["total", ({ atMs }) => ({ untilMs: atMs })],
  "ends at no instant": ["total", ({ atMs }) => ({ untilMs: atMs + 0.5 })],
  "changes the subject": [
    "total",
    ({ subject }) => Object.assign(subject as object, { plan: "paid" }) && {},
  ],
  "is random": ["deterministic", () => (Math.random() < 0.5 ? { budgets: ["day"] } : {})],
  counts: [
    "deterministic",
    () => {
      count += 1
      return count % 2 === 0 ? { budgets: ["day"] } : {}
    },
  ],
  "binds each key once": [
    "deterministic",
    ({ subject: { apiKey = "" } }) => {
      const isNew = !seen.has(apiKey)
      seen.add(apiKey)
      return isNew ? { budgets: ["day"] } : {}
    },
  ],
  "looks at the hour": ["lasting", ({ atMs }) => (isNight(atMs) ? { budgets: ["day"] } : {})],
  "holds too long": [
    "lasting",
    ({ atMs }) =>
      isNight(atMs) ? { budgets: ["day"], untilMs: atMs + 7 * HOUR_MS } : { untilMs: atMs + 1 },
  ],
  "lets go who names a plan": [
    "monotone",
    ({ subject: { plan } }) => (plan === undefined ? { budgets: ["day"] } : {}),
  ],
  "forgets a switch": [
    "monotone",
    ({ subject: { plan } }) =>
      plan === "paid" ? {} : { switches: [{ dimension: "tier", value: "free" }] },
  ],
}

const GOOD: Readonly<Record<string, Apply>> = {
  "says nothing": () => ({}),
  "binds all": () => ({ budgets: ["day"] }),
  "binds trials": ({ subject: { plan } }) => (plan === "trial" ? { budgets: ["day"] } : {}),
  "binds dear models": ({ model = "" }) => (model.startsWith("gpt-5") ? { budgets: ["day"] } : {}),
  "binds at night": ({ atMs }) => {
    const dayMs = atMs - (atMs % (24 * HOUR_MS))
    return isNight(atMs)
      ? { budgets: ["day"], untilMs: dayMs + 6 * HOUR_MS }
      : { untilMs: dayMs + 24 * HOUR_MS }
  },
}

describe("checkRule", () => {
  for (const [name, [law, apply]] of Object.entries(BAD))
    it(`refuses a rule that ${name}`, () => {
      const broken = brokenBy(apply, { values }, law === "monotone" ? ["monotone"] : [])
      expect(broken.law).toBe(law)
      expect(broken.message).toContain(`rule \`trials\` is not ${law}`)
    })

  for (const [name, apply] of Object.entries(GOOD))
    it(`lets pass a rule that ${name}`, () => {
      expect(checkRule(ruleOf(apply, ["monotone"]), { values })).toEqual({ requests: 300 })
    })

  it("shows the smallest request, and tries it again by seed and path", () => {
    const apply: Apply = ({ subject: { plan } }) => ({
      budgets: plan === "paid" ? ["x" as "day"] : [],
    })
    const broken = brokenBy(apply, { values })
    expect(broken.facts.subject).toEqual({ plan: "paid" })
    const [, seed, path] = /seed: (\d+), path: "([^"]+)"/.exec(broken.message) ?? []
    const again = brokenBy(apply, { values, seed: Number(seed), path: path ?? "" })
    expect(again.facts).toEqual(broken.facts)
  })
})

describe("checkPolicy with rules", () => {
  const policy = definePolicy({
    budgets: [{ ...day, id: "key-day", limit: { usd: 50 } }],
    unknownModel: "refuse",
    onStoreUnavailable: "deny",
  })
  const little = neverAbove({ per: ["apiKey"], unit: "usd", amount: USD, within: "day" })

  it("acquits a rule that binds all, and convicts one that leaves some out", () => {
    checkPolicy(policy, { rules: [ruleOf(() => ({ budgets: ["day"] }))], invariants: [little] })
    const some = ruleOf(({ subject: { apiKey } }) =>
      apiKey === "apiKey-1" ? { budgets: ["day"] } : {},
    )
    const check = () => checkPolicy(policy, { rules: [some], invariants: [little] })
    expect(check).toThrow(PolicyBroken)
    expect(check).toThrow("apiKey apiKey-2 asks for")
    checkPolicy(policy, { rules: [some] })
  })
})
