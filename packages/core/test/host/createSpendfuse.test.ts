import { describe, expect, it, vi } from "vitest"
import { memoryStore } from "../../../store-memory/src/index.ts"
import {
  createSpendfuse,
  type DomainEvent,
  eventName,
  type Notice,
  type PolicyJson,
  type Prices,
  type Store,
  seedPolicy,
} from "../../src/index.ts"
import { libraryPrices } from "../../src/prices.ts"
import { capped, fakeClock, far, k1, policyOf, until } from "../engine/support.ts"

const [budget] = capped
if (budget === undefined) throw new Error("no budget")

const warningsOf = (
  json: Partial<PolicyJson>,
  more: Partial<Parameters<typeof createSpendfuse>[0]> = {},
): readonly string[] => {
  const notices: Notice[] = []
  createSpendfuse({
    policy: policyOf(json),
    store: memoryStore(),
    onNotice: (notice) => notices.push(notice),
    ...more,
  })
  return notices.map(({ message }) => message)
}

describe("start-up", () => {
  it("refuses a policy that was parsed and not decoded", () => {
    const policy = JSON.parse('{"budgets":[],"unknownModel":"refuse","onStoreUnavailable":"deny"}')
    for (const bad of [policy, undefined])
      expect(() => createSpendfuse({ policy: bad, store: memoryStore() })).toThrow(
        "policy: it is not a decoded policy; give what `definePolicy` or `decodePolicy` returns",
      )
  })

  it("refuses a notifier that cannot deliver", () => {
    const told = { ...budget, tiers: [{ at: "80%", notify: ["slack"] }, ...budget.tiers] }
    const notifiers = { slack: (() => undefined) as never }
    const policy = policyOf({ budgets: [told] })
    expect(() => createSpendfuse({ policy, store: memoryStore(), notifiers })).toThrow(
      "no notifier is given for channel",
    )
  })

  it("refuses a channel that nobody provides, with its place", () => {
    const told = { ...budget, tiers: [{ at: "80%", notify: ["slack"] }, ...budget.tiers] }
    const open = () =>
      createSpendfuse({ policy: policyOf({ budgets: [told] }), store: memoryStore() })
    expect(open).toThrow(
      'budgets[0].tiers[0].notify[0]: no notifier is given for channel `"slack"`; add it to `notifiers`, e.g. consoleNotifier()',
    )
  })

  it("says what is legal and worth knowing", () => {
    const twice = { ...budget, tiers: [{ at: "200%", block: true as const }] }
    expect(warningsOf({ budgets: [twice] })).toContainEqual(
      "budget `key`: cap is 0.000002 USD, twice the limit",
    )
    expect(warningsOf({ budgets: [{ ...budget, mode: "observe" }] })).toContainEqual(
      "every budget only observes: nothing is ever refused",
    )
    expect(warningsOf({ budgets: [{ ...budget, whenMissing: "skip" }] })).toContainEqual(
      "a request that lacks every skipped dimension, or matches no budget, is bound by none",
    )
    const session = { ...budget, per: ["session"] }
    expect(warningsOf({ budgets: [session] }, { authenticated: ["apiKey"] })).toContainEqual(
      "no budget that blocks counts by `apiKey`: a caller who changes the others starts fresh",
    )
    expect(warningsOf({ budgets: [budget] }, { authenticated: ["apiKey"] }).join()).not.toContain(
      "starts fresh",
    )
  })

  it("says that spend ends with the process, and that prices are old", () => {
    const store: Store = { ...memoryStore(), endsWithProcess: true }
    expect(warningsOf({}, { store }).join("\n")).toContain(
      "spend and latches end with this process",
    )
    const prices: Prices = {
      cost: () => ({ kind: "unknown-model", detail: "none" }),
      worstCase: () => ({ kind: "unknown-model", detail: "none" }),
      maxOutputTokens: () => null,
      sources: [{ kind: "library", name: "list", asOf: "2026-01-01" }],
    }
    const at = (day: number) => ({ prices, nowMs: () => Date.UTC(2026, 0, 1 + day) })
    expect(warningsOf({}, at(91))).toContainEqual(expect.stringContaining("91 days old"))
    expect(warningsOf({}, at(90)).join()).not.toContain("days old")
  })

  it("warns of nothing where the ready policy starts with its journal and today's prices", () => {
    const notices: Notice[] = []
    const silent = { name: "silent", deliver: async () => undefined }
    const prices = libraryPrices()
    const asOfMs = Date.parse(prices.sources.at(-1)?.asOf ?? "")
    const warned = vi.spyOn(console, "warn").mockImplementation(() => undefined)
    const { endsWithProcess: _, ...store } = memoryStore()
    const open = (more: Partial<Parameters<typeof createSpendfuse>[0]>) =>
      createSpendfuse({
        policy: seedPolicy({ hourlyUsd: 50, dailyUsd: 300 }),
        store,
        prices,
        notifiers: { slack: silent, pagerDuty: silent, oncall: silent },
        nowMs: () => asOfMs + 90 * 86_400_000,
        ...more,
      })
    open({ onNotice: (notice) => notices.push(notice) })
    expect(notices).toEqual([
      { kind: "note", message: "budget `day`: cap is 600 USD, twice the limit" },
    ])
    open({})
    expect(warned).not.toHaveBeenCalled()
    warned.mockRestore()
  })

  it("goes on where the host's own hook throws", async () => {
    const { admitted, meter } = far(
      {},
      {
        onNotice: () => {
          throw new Error("hook")
        },
      },
    )
    await (await admitted(400)).settle({})
    expect(await meter()).toEqual({ settled: 400, held: 0 })
  })
})

describe("reload", () => {
  it("names what it forgets, and judges by the new policy; a running call keeps its terms", async () => {
    const { spendfuse, admitted, notices, reserve } = far()
    const held = await admitted(400)
    spendfuse.reload(policyOf({ budgets: [{ ...budget, limit: { usdNano: 500 } }] }))
    expect(notices).toEqual([])
    expect(await reserve(200)).toMatchObject({ allowed: false })
    await held.settle({ amounts: { usd: 400 } })
    spendfuse.reload(policyOf({ budgets: [{ ...budget, window: "day" }] }))
    expect(notices).toMatchObject([
      { kind: "warning", message: "budget `key` starts fresh meters: window changed" },
    ])
    expect(spendfuse.policy.budgets[0]?.window.kind).toBe("day")
  })
})

describe("a host's own limits", () => {
  it("win over the policy's, for one account, and are asked for again", async () => {
    let limit: number | undefined = 50
    const asked: unknown[] = []
    const { spendfuse, clock } = far(
      { budgets: [{ ...budget, limit: { usdNano: 1000, overrides: { k2: 10 } } }] },
      {
        limitFor: (account) => {
          asked.push(account)
          return account.values[0] === "k1" ? limit : undefined
        },
      },
    )
    const reserve = (apiKey: string, usd: number) =>
      spendfuse.reserve({ subject: apiKey === "k1" ? k1 : { apiKey }, amounts: { usd } })
    expect(await reserve("k1", 51)).toMatchObject({ reason: "too-large" })
    expect(await reserve("k1", 50)).toMatchObject({ allowed: true })
    expect(await reserve("k2", 11)).toMatchObject({ reason: "too-large" })
    expect(await reserve("k3", 1000)).toMatchObject({ allowed: true })
    expect(asked[0]).toEqual({ budget: "key", per: ["apiKey"], values: ["k1"] })
    limit = undefined
    expect(await reserve("k1", 51)).toMatchObject({ allowed: false })
    clock.advance(10_000)
    expect(await reserve("k1", 51)).toMatchObject({ allowed: true })
  })

  it("are a clear fault where they are not limits", async () => {
    for (const limit of [0, -1, 1.5, Number.NaN, 2 ** 53, "5" as unknown as number]) {
      const { reserve } = far({}, { limitFor: () => limit })
      await expect(reserve(1)).rejects.toMatchObject({
        _tag: "RequestFailed",
        message: expect.stringContaining("limitFor"),
      })
    }
  })
})

describe("what is left", () => {
  it("is told per budget, in its unit", async () => {
    const json = {
      budgets: [
        budget,
        {
          id: "calls",
          per: ["platform"],
          limit: { requests: 3 },
          window: "day" as const,
          tiers: [{ at: "100%", block: true as const }],
        },
      ],
    }
    const { spendfuse, admitted } = far(json)
    await (await admitted(400)).settle({ amounts: { usd: 300 } })
    await admitted(100)
    const left = await spendfuse.remaining(k1)
    expect(left).toMatchObject([
      { budget: "key", unit: "usd", settled: 300, held: 100, remaining: 600, cap: 1000 },
      { budget: "calls", unit: "requests", settled: 1, held: 1, remaining: 1, cap: 3 },
    ])
    await expect(spendfuse.remaining({})).rejects.toMatchObject({ error: "missing-dimension" })
  })

  it("says where two hosts cut time differently", async () => {
    const clock = fakeClock(Date.UTC(2026, 0, 15, 10, 20))
    const store = memoryStore({ nowMs: clock.nowMs })
    const notices: Notice[] = []
    const open = (timeZone: string) =>
      createSpendfuse({
        policy: policyOf({ budgets: [{ ...budget, window: { day: { timeZone } } }] }),
        store,
        nowMs: clock.nowMs,
        onNotice: (notice) => notices.push(notice),
      })
    await open("UTC").reserve({ subject: k1, amounts: { usd: 1 } })
    const other = open("America/New_York")
    await other.remaining(k1)
    await other.remaining(k1)
    expect(notices.filter(({ kind }) => kind === "period-mismatch")).toMatchObject([
      { account: "key/k1", theirs: { startMs: Date.UTC(2026, 0, 15) } },
    ])
  })
})

describe("events", () => {
  it("are told to the hook once each, in order, though it throws at one", async () => {
    const told: string[] = []
    const tiers = ["20%", "40%", "60%"].map((at) => ({ at, notify: [] }))
    const json = { budgets: [{ ...budget, tiers: [...tiers, ...budget.tiers] }] }
    const { admitted, spendfuse, inner } = far(json, {
      onEvent: (event: DomainEvent) => {
        told.push(event.id)
        if (eventName(event) === "tier key 40%") throw new Error("hook")
      },
    })
    for (const usd of [200, 200, 200, 400]) {
      await (await admitted(usd)).settle({ amounts: { usd } })
      await spendfuse.flush()
    }
    await spendfuse.flush()
    const { items } = await inner.events({ limit: 100 })
    expect(told).toEqual(items.map(({ id }) => id))
    expect(new Set(told).size).toBe(told.length)
    expect(items.map(eventName)).toEqual([
      "tier key 20%",
      "tier key 40%",
      "tier key 60%",
      "tier key 100%",
    ])
  })

  it("come to a channel in order, and what fails for good is not tried twice", async () => {
    const tries: string[] = []
    const tiers = ["20%", "40%"].map((at) => ({ at, notify: ["slack"] }))
    const json = { budgets: [{ ...budget, tiers: [...tiers, ...budget.tiers] }] }
    const { admitted, inner, spendfuse } = far(json, {
      notifiers: {
        slack: {
          name: "slack",
          deliver: (events) => {
            tries.push(events.map(eventName).join(", "))
            return Promise.reject(Object.assign(new Error("no"), { retryable: false }))
          },
        },
      },
    })
    await (await admitted(500)).settle({ amounts: { usd: 500 } })
    await until(() => tries.length > 0)
    await spendfuse.flush()
    expect(tries).toEqual(["tier key 20%, tier key 40%"])
    expect((await inner.deadLetters({ limit: 10 })).items).toHaveLength(2)
  })
})
