import { memoryStore } from "@spendfuse/store-memory"
import { describe, expect, it } from "vitest"
import {
  createSpendfuse,
  definePolicy,
  defineRule,
  explain,
  PolicyInvalid,
  type Rule,
} from "../../src/index.ts"

const tiers = [{ at: "100%", block: true }] as const
const policy = definePolicy({
  budgets: [
    { id: "key-hour", per: ["apiKey"], limit: { usd: 50 }, window: "hour", tiers },
    {
      id: "all-day",
      per: ["platform"],
      limit: { usd: 500 },
      window: "day",
      tiers,
      lease: { share: "10%", for: "30s" },
    },
  ],
  fallbacks: { sorry: { answer: "later" }, other: { answer: "never" } },
  onRefused: "other",
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
})
const USD = 1_000_000_000
const trials = defineRule({
  name: "trials",
  budgets: [{ id: "day", per: ["apiKey"], limit: { usd: 1 }, window: "day", tiers }],
  apply: ({ subject: { plan } }) =>
    plan === "trial"
      ? {
          budgets: ["day"],
          switches: [{ dimension: "plan-kind", value: "free" }],
          fallback: "sorry",
        }
      : {},
})
const fuseOf = (rules: readonly Rule[], nowMs: () => number = Date.now) =>
  createSpendfuse({
    policy,
    store: memoryStore({ nowMs }),
    rules,
    nowMs,
    onNotice: () => undefined,
  })
const amounts = { usd: 2 * USD }

describe("rules", () => {
  it("bind only whom they name, by lines of their own", async () => {
    await using fuse = fuseOf([trials])
    const trial = await fuse.reserve({ subject: { apiKey: "k1", plan: "trial" }, amounts })
    expect(trial.allowed).toBe(false)
    expect(explain(trial)).toContain("trials:day")
    expect(trial).toMatchObject({ fallback: { name: "sorry" } })
    const paid = await fuse.reserve({ subject: { apiKey: "k1", plan: "paid" }, amounts })
    expect(paid.lines.map(({ account }) => account)).toEqual(["key-hour/k1", "all-day/all"])
    const tooMuch = { usd: 60 * USD }
    const refused = await fuse.reserve({ subject: { apiKey: "k1" }, amounts: tooMuch })
    expect(refused).toMatchObject({ allowed: false, fallback: { name: "other" } })
  })

  it("add switches, and operators reach their accounts", async () => {
    await using fuse = fuseOf([trials])
    const subject = { apiKey: "k1", plan: "trial" }
    const little = { usd: USD / 2 }
    expect((await fuse.reserve({ subject, amounts: little })).allowed).toBe(true)
    const { settled, held } = await fuse.account({ budget: "trials:day", subject })
    expect(settled + held).toBe(USD / 2)
    const hand = { by: "a", why: "b" }
    await fuse.operator.switch({ dimension: "plan-kind", value: "free" }, { state: "off", ...hand })
    const off = await fuse.reserve({ subject, amounts: little })
    expect(off).toMatchObject({ allowed: false, reason: "switched-off" })
    const other = await fuse.reserve({ subject: { apiKey: "k1" }, amounts: little })
    expect(other.allowed).toBe(true)
  })

  it("hold when the policy is loaded anew", async () => {
    await using fuse = fuseOf([trials])
    fuse.reload(policy)
    const subject = { apiKey: "k1", plan: "trial" }
    expect((await fuse.reserve({ subject, amounts })).allowed).toBe(false)
  })

  it("are asked once per plan, and again when their answer ends", async () => {
    let atMs = Date.UTC(2026, 0, 15, 9)
    const halfPast = Date.UTC(2026, 0, 15, 9, 30)
    let asked = 0
    const early = defineRule({
      name: "early",
      budgets: [{ id: "hour", per: ["apiKey"], limit: { usd: 1 }, window: "lifetime", tiers }],
      apply: (facts) => {
        asked += 1
        return facts.atMs < halfPast ? { budgets: ["hour"], untilMs: halfPast } : {}
      },
    })
    await using fuse = fuseOf([early], () => atMs)
    const request = { subject: { apiKey: "k1" }, amounts }
    expect((await fuse.reserve(request)).allowed).toBe(false)
    expect((await fuse.reserve(request)).allowed).toBe(false)
    expect(asked).toBe(1)
    atMs = halfPast
    expect((await fuse.reserve(request)).allowed).toBe(true)
    expect((await fuse.reserve({ ...request, model: "gpt-5" })).allowed).toBe(true)
    expect(asked).toBe(3)
  })

  it("that are at fault refuse the request by name, and tell nothing of it", async () => {
    const of = (apply: unknown): Rule => ({ ...trials, apply: apply as Rule["apply"] })
    const answers: readonly (readonly [unknown, string])[] = [
      [
        () => {
          throw new TypeError("k1 is secret")
        },
        "threw `TypeError`",
      ],
      [() => undefined, "did not answer with an object"],
      [async () => ({}), "did not answer with an object"],
      [() => ({ budgets: ["week"] }), "named a budget that it does not have"],
      [() => ({ switches: ["plan"] }), "gave `switches`"],
      [() => ({ fallback: "none" }), "names `none`"],
      [() => ({ untilMs: 5 }), "gave an `untilMs`"],
      [
        ({ subject }: { subject: { plan?: string } }) => {
          subject.plan = "paid"
          return {}
        },
        "threw `TypeError`",
      ],
    ]
    for (const [apply, message] of answers) {
      await using fuse = fuseOf([of(apply)])
      const reserve = fuse.reserve({ subject: { apiKey: "k1" }, amounts })
      await expect(reserve).rejects.toMatchObject({ error: "invalid-command" })
      await expect(reserve).rejects.toThrow(`rule \`trials\` ${message}`)
      await expect(reserve).rejects.not.toThrow("secret")
    }
  })

  it("are refused at start where they do not go together, or with the policy", () => {
    expect(() => fuseOf([trials, trials])).toThrow("`trials` is there twice")
    const degrading = defineRule({
      name: "cheap",
      budgets: [
        {
          id: "day",
          per: ["apiKey"],
          limit: { usd: 1 },
          window: "day",
          tiers: [{ at: "50%", degrade: "mini" }],
        },
      ],
      apply: () => ({ budgets: ["day"] }),
    })
    expect(() => fuseOf([degrading])).toThrow("degrades to `mini`")
    const told = [{ at: "100%", block: true, notify: ["pager"] }] as const
    const paging = defineRule({
      name: "p",
      budgets: [{ id: "day", per: ["apiKey"], limit: { usd: 1 }, window: "day", tiers: told }],
      apply: () => ({ budgets: ["day"] }),
    })
    expect(() => fuseOf([paging])).toThrow(PolicyInvalid)
    const written = { id: "a b", per: [], limit: { usd: 1 }, window: "day", tiers } as const
    const wrong = () => defineRule({ name: "a/b", budgets: [written], apply: () => ({}) })
    for (const path of ["name: ", "budgets[0].id: ", "budgets[0].per: "])
      expect(wrong).toThrow(path)
  })

  it("may have leased budgets", async () => {
    const leased = defineRule({
      name: "l",
      budgets: [
        {
          id: "day",
          per: ["apiKey"],
          limit: { usd: 10 },
          window: "day",
          tiers,
          lease: { share: "20%", for: "30s" },
        },
      ],
      apply: () => ({ budgets: ["day"] }),
    })
    await using fuse = fuseOf([leased])
    const request = { subject: { apiKey: "k1" }, amounts: { usd: USD } }
    let admitted = 0
    for (let n = 0; n < 14; n += 1) {
      const decision = await fuse.reserve(request)
      if (!decision.allowed) continue
      admitted += 1
      await decision.settle({ amounts: { usd: USD } })
    }
    expect(admitted).toBe(10)
  })
})
