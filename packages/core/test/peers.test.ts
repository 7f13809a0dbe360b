import { describe, expect, it } from "vitest"
import { memoryStore } from "../../store-memory/src/index.ts"
import {
  createSpendfuse,
  type DomainEvent,
  decodePolicy,
  definePolicy,
  eventName,
  type PolicyJson,
  type Spendfuse,
} from "../src/index.ts"

/*
 * What users of other tools reported, as a test of this one. Each is named after the report; all amounts are
 * dollars of the policy and nano-USD of the calls.
 */

const USD = 1_000_000_000
const START_MS = Date.UTC(2026, 2, 5, 12, 0)

interface Opened {
  readonly spendfuse: Spendfuse
  readonly events: readonly DomainEvent[]
  readonly names: () => Promise<readonly string[]>
  /** Reserves and settles at once; false where it was refused. */
  readonly spend: (usd: number, subject?: Readonly<Record<string, string>>) => Promise<boolean>
  readonly at: (ms: number) => void
}

const KEY = { apiKey: "k1" }

const opened = (budgets: PolicyJson["budgets"], store = memoryStoreAt()): Opened => {
  const events: DomainEvent[] = []
  const log = { name: "log", deliver: async () => undefined }
  const spendfuse = createSpendfuse({
    policy: definePolicy({ budgets, unknownModel: "refuse", onStoreUnavailable: "deny" }),
    store: store.store,
    notifiers: { log },
    onEvent: (event) => events.push(event),
    onNotice: () => undefined,
    nowMs: () => store.clock.ms,
    waitMs: 0,
    rememberRefusals: false,
  })
  return {
    spendfuse,
    events,
    names: async () => {
      await spendfuse.flush()
      return events.map(eventName)
    },
    spend: async (usd, subject = KEY) => {
      const decision = await spendfuse.reserve({ subject, amounts: { usd: usd * USD } })
      if (decision.allowed) await decision.settle({ amounts: { usd: usd * USD } })
      return decision.allowed
    },
    at: (ms) => {
      store.clock.ms = ms
    },
  }
}

const memoryStoreAt = () => {
  const clock = { ms: START_MS }
  return { clock, store: memoryStore({ nowMs: () => clock.ms }) }
}

const hourly = (tiers: PolicyJson["budgets"][number]["tiers"]): PolicyJson["budgets"] => [
  { id: "key", per: ["apiKey"], limit: { usd: 10 }, window: "hour", tiers },
]
const blockAt100 = hourly([{ at: "100%", block: true }])
const warnAt80 = hourly([
  { at: "80%", notify: ["log"] },
  { at: "100%", block: true },
])

describe("reports about races", () => {
  it("BerriAI/litellm#34732: parallel turns of one session do not pass its budget", async () => {
    const { spendfuse } = opened([
      {
        id: "session",
        per: ["session"],
        limit: { usd: 10 },
        window: { lifetime: { idle: "1h" } },
        tiers: [{ at: "100%", block: true }],
      },
    ])
    const subject = { session: "s1" }
    const turns = Array.from({ length: 50 }, () =>
      spendfuse.reserve({ subject, amounts: { usd: USD } }),
    )
    const admitted = (await Promise.all(turns)).filter(({ allowed }) => allowed)
    expect(admitted).toHaveLength(10)
  })

  it("BerriAI/litellm#40095: the first requests of a new user are held to the budget too", async () => {
    const { spendfuse } = opened(blockAt100)
    const first = Array.from({ length: 3 }, () =>
      spendfuse.reserve({ subject: { apiKey: "never-seen" }, amounts: { usd: 6 * USD } }),
    )
    expect((await Promise.all(first)).map(({ allowed }) => allowed)).toEqual([true, false, false])
  })
})

describe("reports about false refusals and phantom spend", () => {
  it("BerriAI/litellm#36926: what is refused is not counted as spent", async () => {
    const test = opened(blockAt100)
    await test.spend(9)
    for (let i = 0; i < 20; i += 1) await test.spend(5)
    expect(await test.spend(1)).toBe(true)
  })

  it("BerriAI/litellm#28247: a second process on the same store does not count again what is there", async () => {
    const store = memoryStoreAt()
    await opened(blockAt100, store).spend(6)
    const second = opened(blockAt100, store)
    const view = await second.spendfuse.account({ budget: "key", subject: KEY })
    expect([view.settled, view.remaining]).toEqual([6 * USD, 4 * USD])
  })

  it("BerriAI/litellm#29912: a call that costs nothing is admitted over an exhausted budget", async () => {
    const test = opened(blockAt100)
    await test.spend(10)
    expect(await test.spend(0)).toBe(true)
  })

  it("BerriAI/litellm#39726: refused retries do not make a block last longer", async () => {
    const test = opened(hourly([{ at: "100%", trip: { coolDown: "10m" } }]))
    await test.spend(10)
    for (let minute = 0; minute < 9; minute += 1) {
      test.at(START_MS + minute * 60_000)
      const refused = await test.spendfuse.reserve({ subject: KEY, amounts: { usd: USD } })
      if (refused.allowed) throw new Error("admitted")
      expect(refused.reason).toBe("open")
      const circuit = await test.spendfuse.account({ budget: "key", subject: KEY })
      expect(circuit.untilMs).toBe(START_MS + 600_000)
    }
  })
})

describe("reports about debt that is forgotten", () => {
  it("agentgateway and Helicone: a settle above its hold is counted in full, and refuses the next call", async () => {
    const { spendfuse, names } = opened(blockAt100)
    const decision = await spendfuse.reserve({ subject: KEY, amounts: { usd: 2 * USD } })
    if (!decision.allowed) throw new Error("refused")
    await decision.settle({ amounts: { usd: 30 * USD } })
    expect((await spendfuse.account({ budget: "key", subject: KEY })).settled).toBe(30 * USD)
    expect((await spendfuse.reserve({ subject: KEY, amounts: { usd: USD } })).allowed).toBe(false)
    expect(await names()).toContain("overshoot key")
  })
})

describe("reports about windows", () => {
  const newYork = (tiers: PolicyJson["budgets"][number]["tiers"]): PolicyJson["budgets"] => [
    {
      id: "key",
      per: ["apiKey"],
      limit: { usd: 10 },
      window: { day: { timeZone: "America/New_York" } },
      tiers,
    },
  ]

  it("BerriAI/litellm#34896: a day ends at midnight of its zone, not later by the zone's offset", async () => {
    const test = opened(newYork([{ at: "100%", block: true }]))
    // 2026-03-05T23:59:59 in New York is 04:59:59 UTC of the next day.
    test.at(Date.UTC(2026, 2, 6, 4, 59, 59))
    await test.spend(10)
    expect(await test.spend(1)).toBe(false)
    test.at(Date.UTC(2026, 2, 6, 5, 0, 0))
    expect(await test.spend(1)).toBe(true)
  })

  it("BerriAI/litellm#10288: a day begins at midnight, not at the first use", async () => {
    const test = opened(newYork([{ at: "100%", block: true }]))
    test.at(Date.UTC(2026, 2, 6, 4, 0))
    await test.spend(10)
    test.at(Date.UTC(2026, 2, 6, 5, 0))
    expect(await test.spend(10)).toBe(true)
  })

  it("BerriAI/litellm#29576: nothing needs to run for a period to end", async () => {
    const test = opened(blockAt100)
    await test.spend(10)
    test.at(START_MS + 3_600_000)
    expect(await test.spend(10)).toBe(true)
  })
})

describe("reports about alerts", () => {
  it("openmeterio/openmeter#4157: a budget used up to the last nano-dollar has reached 100 %", async () => {
    const test = opened(hourly([{ at: "100%", block: true, notify: ["log"] }]))
    await test.spend(10)
    expect(await test.names()).toContain("tier key 100%")
  })

  it("BerriAI/litellm#3738: a warning comes once, not with each request after it", async () => {
    const test = opened(warnAt80)
    for (let i = 0; i < 9; i += 1) await test.spend(1)
    expect((await test.names()).filter((name) => name === "tier key 80%")).toHaveLength(1)
  })

  it("BerriAI/litellm#16185: a warning comes again in the next period", async () => {
    const test = opened(warnAt80)
    await test.spend(9)
    test.at(START_MS + 3_600_000)
    await test.spend(9)
    expect((await test.names()).filter((name) => name === "tier key 80%")).toHaveLength(2)
  })

  it("BerriAI/litellm#7546: two processes on one store warn once", async () => {
    const store = memoryStoreAt()
    const delivered: string[] = []
    const processes = [opened(warnAt80, store), opened(warnAt80, store)]
    await Promise.all(Array.from({ length: 9 }, (_, at) => (processes[at % 2] as Opened).spend(1)))
    const rows = await store.store.claim("log", 32, 1_000)
    for (const { event } of rows) delivered.push(eventName(event))
    expect(delivered.filter((name) => name === "tier key 80%").length).toBeLessThanOrEqual(1)
    const log = await store.store.events({ limit: 100 })
    expect(log.items.map(eventName).filter((name) => name === "tier key 80%")).toHaveLength(1)
  })
})

describe("reports about what a refusal says", () => {
  it("BerriAI/litellm#14144: it names each budget that refuses, with its numbers", async () => {
    const test = opened([
      ...blockAt100,
      {
        id: "all",
        per: ["platform"],
        limit: { usd: 10 },
        window: "day",
        tiers: [{ at: "100%", block: true }],
      },
    ])
    await test.spend(8)
    const refused = await test.spendfuse.reserve({ subject: KEY, amounts: { usd: 3 * USD } })
    if (refused.allowed) throw new Error("admitted")
    const said = test.spendfuse.explain(refused)
    expect(refused.obstacles).toHaveLength(2)
    for (const word of ["key", "all", "$8", "$10", "$2"]) expect(said).toContain(word)
  })

  it("maximhq/bifrost#5673: a field of another name is an error, not ignored", () => {
    const decoded = decodePolicy({
      budgets: [{ ...blockAt100[0], max_limit: 5 }],
      unknownModel: "refuse",
      onStoreUnavailable: "deny",
    })
    expect(decoded.ok ? [] : decoded.problems.map(({ path }) => path)).toEqual([
      "budgets[0].max_limit",
    ])
  })
})
