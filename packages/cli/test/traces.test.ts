import { type Policy, seedPolicy } from "@spendfuse/core"
import { libraryPrices } from "@spendfuse/core/prices"
import type { MemoryStore } from "@spendfuse/store-memory"
import { describe, expect, it } from "vitest"
import {
  type Counted,
  openMemory,
  playTraces,
  readTraces,
  TRACE_KEYS,
  TRACE_MODEL,
} from "../../../bench/traces.ts"

const HOUR_MS = 3_600_000
const USD = 1_000_000_000
const rows = readTraces()

/** Nano-USD per million tokens, from the price list; costs are summed here by integers alone. */
const rateOf = (usage: { inputTokens?: number; outputTokens?: number }): bigint => {
  const priced = libraryPrices().cost({ ...TRACE_MODEL, atMs: rows?.[0]?.atMs ?? 0 }, usage)
  if (priced.kind !== "priced") throw new Error(priced.detail)
  return BigInt(priced.nanoUsd)
}

const costs = (): ((counted: Counted) => bigint) => {
  const inputRate = rateOf({ inputTokens: 1_000_000 })
  const outputRate = rateOf({ outputTokens: 1_000_000 })
  return ({ row, outputTokens, refused }) =>
    refused === null
      ? (BigInt(row.inputTokens) * inputRate + BigInt(outputTokens) * outputRate + 999_999n) /
        1_000_000n
      : 0n
}

/** What the rows cost, by key and clock hour of their reservation. */
const byMeter = (counted: readonly Counted[], lengthMs: number): ReadonlyMap<string, bigint> => {
  const cost = costs()
  const sums = new Map<string, bigint>()
  for (const one of counted) {
    if (one.refused !== null) continue
    const name = `${one.row.apiKey} ${one.row.atMs - (one.row.atMs % lengthMs)}`
    sums.set(name, (sums.get(name) ?? 0n) + cost(one))
  }
  return sums
}

const metersOf = (store: MemoryStore, budget: string): ReadonlyMap<string, bigint> => {
  const found = new Map<string, bigint>()
  for (const { key, meters } of store.ledger.accounts.values()) {
    const apiKey = /key-\d/.exec(key)?.[0]
    if (!key.startsWith(`${budget}/`) || apiKey === undefined) continue
    for (const { period, settled, held } of meters) {
      expect(held).toBe(0)
      if (settled > 0) found.set(`${apiKey} ${period.startMs}`, BigInt(settled))
    }
  }
  return found
}

const play = async (policy: Policy, caps: Readonly<Record<string, number>>) => {
  const passed: string[] = []
  const told: string[] = []
  let looks = 0
  const { counted, store } = await playTraces(rows ?? [], policy, openMemory, {
    look: ({ ledger }) => {
      looks += 1
      for (const { key, meters } of ledger.accounts.values())
        for (const { settled, held } of meters)
          if (settled + held > (caps[key.slice(0, key.indexOf("/"))] ?? 0)) passed.push(key)
    },
    onEvent: ({ id, kind }) => told.push(`${kind} ${id}`),
  })
  return { counted, store, passed, told, looks }
}

if (rows === null)
  it("plays no real traffic: the folder ../shared/data beside the repository has no traces", () => {
    console.info("no public traces in ../shared/data: real traffic is not played")
  })
else realTraffic()

function realTraffic(): void {
  describe("real traffic through the seed's policy", () => {
    it("is counted to the nano-dollar where there is room for all of it", async () => {
      const policy = seedPolicy({ hourlyUsd: 1_000, dailyUsd: 1_000 })
      const { counted, store } = await play(policy, { hour: 1_000 * USD, day: 2_000 * USD })
      expect(counted.length).toBe(28_185)
      expect(counted.filter(({ refused }) => refused !== null)).toEqual([])
      expect(metersOf(store, "hour")).toEqual(byMeter(counted, HOUR_MS))
      expect(metersOf(store, "day")).toEqual(byMeter(counted, 24 * HOUR_MS))
      expect(byMeter(counted, HOUR_MS).size).toBe(2 * TRACE_KEYS)
    })

    it("is stopped at the caps, never above them, each tier told once", async () => {
      const policy = seedPolicy({ hourlyUsd: 8, dailyUsd: 5 })
      const { counted, store, passed, told, looks } = await play(policy, {
        hour: 8 * USD,
        day: 10 * USD,
      })
      const hours = metersOf(store, "hour")
      const days = metersOf(store, "day")
      expect(passed).toEqual([])
      expect(looks).toBeGreaterThan(counted.length)
      expect(hours).toEqual(byMeter(counted, HOUR_MS))
      expect(days).toEqual(byMeter(counted, 24 * HOUR_MS))
      expect(new Set(counted.map(({ refused }) => refused))).toContain("open")
      expect(new Set(told).size).toBe(told.length)
      const tiers = told.filter((one) => one.startsWith("tier hour/"))
      const warned = [...hours.values()].filter((settled) => settled >= BigInt(6.4 * USD))
      const spent = tiers.filter((one) => one.includes(`/${6.4 * USD}/`))
      expect(warned.length).toBeGreaterThan(0)
      expect(spent.length).toBe(warned.length)
    })
  })
}
