import { describe, expect, it } from "vitest"
import { amountText, type PolicyJson } from "../../../src/index.ts"
import { far } from "../support.ts"

const budgets: PolicyJson["budgets"] = [
  {
    id: "key-hour",
    per: ["apiKey"],
    limit: { usd: 1.5 },
    window: "hour",
    tiers: [{ at: "100%", block: true }],
  },
  {
    id: "calls",
    per: ["platform"],
    limit: { requests: 2 },
    window: { lifetime: { idle: "24h" } },
    tiers: [{ at: "100%", latch: true }],
  },
]
const PERIOD = "2026-01-15T10:00:00.000Z to 2026-01-15T11:00:00.000Z"

describe("a decision in plain words", () => {
  it("names every budget, its period and numbers where it is admitted", async () => {
    const { admitted, spendfuse } = far({ budgets })
    expect(spendfuse.explain(await admitted(250_000_000)).split("\n")).toEqual([
      "admitted",
      `key-hour (k1): $0.25 held of $1.50, ${PERIOD}`,
      "calls (all): 1 request held of 2 requests, for its lifetime",
    ])
  })

  it("names what is in the way and what is not, in the unit's words, and the reason", async () => {
    const { admitted, reserve, spendfuse } = far({ budgets })
    await (await admitted(1_250_000_000)).settle({ amounts: { usd: 1_250_000_000 } })
    expect(spendfuse.explain(await reserve(300_000_000)).split("\n")).toEqual([
      "refused: exhausted (it does not fit beside what is spent); until 2026-01-15T11:00:00.000Z",
      `key-hour (k1): exhausted; settled $1.25, held $0, cap $1.50, remaining $0.25, ${PERIOD}, until 2026-01-15T11:00:00.000Z`,
      "calls (all): not in the way, limit 2 requests, for its lifetime",
    ])
    await (await admitted(1)).settle({ amounts: { usd: 1 } })
    const [head, , calls] = spendfuse.explain(await reserve(1)).split("\n")
    expect(head).toContain("refused: latched (a person must acknowledge); it takes a person")
    expect(calls).toContain(
      "calls (all): latched; settled 2 requests, held 0 requests, cap 2 requests",
    )
  })

  it("says what helps where time does not: a person, a smaller request, a fallback", async () => {
    const [, calls] = budgets
    const life = {
      ...budgets[0],
      window: { lifetime: { idle: "24h" } },
    } as (typeof budgets)[number]
    const opened = (one: (typeof budgets)[number]) => far({ budgets: [one] })
    const headOf = async ({ reserve, spendfuse }: ReturnType<typeof far>, usd: number) =>
      spendfuse
        .explain(await reserve(usd))
        .split("\n")[0]
        ?.split("; ")
        .at(-1)
    const spent = async (world: ReturnType<typeof far>, usd: number) => {
      await (await world.admitted(usd)).settle({ amounts: { usd } })
      return world
    }
    if (calls === undefined) throw new Error("no budget")
    expect(await headOf(opened(life), 1_500_000_001)).toBe("it takes a smaller request")
    expect(await headOf(await spent(opened(life), 1_000_000_000), 600_000_000)).toBe(
      "it takes a smaller request",
    )
    expect(await headOf(await spent(opened(life), 1_500_000_000), 1)).toBe("it takes a person")
    const latched = await spent(opened(calls), 1)
    await (await latched.admitted(1)).settle({ amounts: { usd: 1 } })
    expect(await headOf(latched, 1)).toBe("it takes a person")
    const both = {
      ...life,
      id: "twice",
      limit: { usd: 2 },
      tiers: [{ at: "50%", latch: true as const }],
    }
    expect(await headOf(await spent(far({ budgets: [both, life] }), 1_000_000_000), 1.5e9)).toBe(
      "it takes a person and a smaller request",
    )
    const degraded = {
      budgets: [{ ...life, tiers: [{ at: "50%", degrade: "sorry" }, ...life.tiers] }],
      fallbacks: { sorry: { answer: "later" } },
    }
    const world = await spent(far(degraded), 1_000_000_000)
    expect(await headOf(world, 1)).toBe("it takes a fallback that its tier names")
  })

  it("names a switch, and a decision without the store", async () => {
    const { control, reserve, spendfuse } = far({ budgets })
    const ada = { by: "ada", why: "leaked", state: "off" } as const
    await spendfuse.operator.switch({ dimension: "apiKey", value: "k1" }, ada)
    expect(spendfuse.explain(await reserve(1))).toContain("switch apiKey=k1: off")
    control.fateOf = () => "lose-command"
    const other = await spendfuse.reserve({ subject: { apiKey: "k2" }, amounts: { usd: 1 } })
    expect(spendfuse.explain(other).split("\n")[0]).toBe(
      "refused: store-unavailable (the store did not answer, and the policy denies then); decided without the store",
    )
  })

  it("says so where no budget binds", async () => {
    const bound = { ...budgets[0], match: { model: ["gpt-*"] } } as PolicyJson["budgets"][number]
    const { admitted, spendfuse } = far({ budgets: [bound] })
    expect(spendfuse.explain(await admitted(1))).toBe("admitted\nno budget binds this request")
  })
})

describe("an amount for people", () => {
  it.each([
    [50_000_000_000, "usd", "$50"],
    [1_500_000_000, "usd", "$1.50"],
    [1, "usd", "$0.000000001"],
    [0, "usd", "$0"],
    [1, "requests", "1 request"],
    [120, "tokens", "120 tokens"],
    [Number.POSITIVE_INFINITY, "usd", "none"],
  ] as const)("%d %s is %s", (amount, unit, text) => {
    expect(amountText(amount, unit)).toBe(text)
  })

  it("is never raw nano-dollars", async () => {
    const { reserve, spendfuse } = far({ budgets })
    expect(spendfuse.explain(await reserve(2_000_000_000))).not.toMatch(/\d{7,}(?!Z)/)
  })
})
