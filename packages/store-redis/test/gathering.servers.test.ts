import { definePolicy } from "@spendfuse/core"
import { type CommandId, compile, NOTHING, type Reserve, type Settle } from "@spendfuse/core/domain"
import type { Store } from "@spendfuse/core/ports"
import { expect, inject, it, onTestFinished } from "vitest"
import { freshName } from "../../../scripts/servers/index.mjs"
import { type Client, clientOf } from "../src/client.ts"
import { STEPS } from "../src/redisStore.ts"
import { storeOn } from "../src/storeOn.ts"

const policy = definePolicy({
  budgets: [
    {
      id: "b",
      per: ["org"],
      limit: { requests: 10 },
      window: "month",
      tiers: [{ at: "100%", block: true }],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
  maxOutputTokens: 1_000,
})

const plan = compile(policy, { org: "acme" }, Date.now())
if ("missing" in plan) throw new Error(plan.missing)

const reserve = (n: number, requests = 1): Reserve => ({
  kind: "reserve",
  id: { source: "s", n },
  done: 0,
  division: plan.division,
  issuedAtMs: Date.now(),
  lines: plan.lines,
  switches: plan.switches,
  base: { usd: 0, tokens: 0, requests },
  perUnit: NOTHING,
  units: { least: 0, most: 0 },
  expiresAtMs: Date.now() + 600_000,
  via: null,
  swallowed: 0,
})

const settle = (n: number, reservation: CommandId): Settle => ({
  kind: "settle",
  id: { source: "s", n },
  done: 0,
  division: plan.division,
  reservation,
  seq: 1,
  actual: { usd: 0, tokens: 0, requests: 1 },
  final: true,
})

interface Opened {
  readonly store: Store
  /** How many scripts were run, since it was last asked. */
  readonly runs: () => number
}

/** A store that knows the lines already, and whose every run is counted. */
const open = async (): Promise<Opened> => {
  const client = clientOf({ url: inject("redisUrl") })
  let runs = 0
  const counted: Client = {
    isCluster: false,
    get connections() {
      return client.connections
    },
    get isReady() {
      return client.isReady
    },
    run: (calls, signal) => {
      runs += calls.length
      return client.run(calls, signal)
    },
    replicated: (key, timeoutMs) => client.replicated(key, timeoutMs),
    close: () => client.close(),
  }
  const store = storeOn(counted, STEPS, { prefix: freshName("gathering") })
  onTestFinished(() => store.close())
  await store.apply([reserve(1)])
  runs = 0
  return {
    store,
    runs: () => {
      const counted = runs
      runs = 0
      return counted
    },
  }
}

const kindOf = async (applied: ReturnType<Store["apply"]>): Promise<string> =>
  (await applied)[0]?.outcome.kind ?? "none"

it("commands that wait at once go in one run, and each has its own answer", async () => {
  const { store, runs } = await open()
  const reserves = [2, 3, 4, 5].map((n) => reserve(n))
  const kinds = await Promise.all(reserves.map((one) => kindOf(store.apply([one]))))
  expect(kinds).toEqual(["reserved", "reserved", "reserved", "reserved"])
  expect(runs()).toBe(1)
  const both = [settle(6, reserves[0]?.id as CommandId), reserve(7)]
  expect(await Promise.all(both.map((one) => kindOf(store.apply([one]))))).toEqual([
    "settled",
    "reserved",
  ])
  expect(runs()).toBe(1)
  const again = reserves[1] as Reserve
  expect((await store.apply([again]))[0]?.outcome).toMatchObject({
    kind: "reserved",
    replayed: true,
  })
})

it("what a run leaves to the full rules is sent alone, and none counts twice", async () => {
  const { store, runs } = await open()
  const five = [reserve(2, 3), reserve(3, 3), reserve(4, 9), reserve(5, 1), reserve(6, 9)]
  const kinds = await Promise.all(five.map((one) => kindOf(store.apply([one]))))
  expect(kinds).toEqual(["reserved", "reserved", "refused", "reserved", "refused"])
  expect(runs()).toBe(1 + 3)
  const [account] = await store.read(plan.lines.map(({ account }) => account))
  expect(account?.account?.meters.at(-1)?.held).toBe(1 + 3 + 3 + 1)
})

it("who no longer waits is not sent, and the others are", async () => {
  const { store } = await open()
  const gone = new AbortController()
  const one = kindOf(store.apply([reserve(2)]))
  const other = store.apply([reserve(3)], gone.signal)
  const third = kindOf(store.apply([reserve(4)]))
  gone.abort()
  await expect(other).rejects.toThrow("did not answer")
  expect([await one, await third]).toEqual(["reserved", "reserved"])
  const [account] = await store.read(plan.lines.map(({ account }) => account))
  expect(account?.account?.meters.at(-1)?.held).toBe(3)
})

it("commands that are sent again together count once", async () => {
  const { store } = await open()
  const two = [reserve(2), reserve(3)]
  await Promise.all(two.map((one) => store.apply([one])))
  const again = await Promise.all(two.map((one) => store.apply([one])))
  expect(again.map(([applied]) => applied?.outcome)).toMatchObject([
    { kind: "reserved", replayed: true },
    { kind: "reserved", replayed: true },
  ])
})
