import { type Command, emptyLedger, NOTHING, step } from "@spendfuse/core/domain"
import { STORE_BATCH_MAX, StoreUnavailable } from "@spendfuse/core/ports"
import { memoryStore } from "@spendfuse/store-memory"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { SortedKeys } from "../src/sortedKeys.ts"
import { batchAt, instantOf } from "./crash/world.ts"
import { charge, linesOf, NOW_MS, reserve, settle } from "./support.ts"

const SEED = Number(process.env.LAW_SEED ?? 7)
const RUNS = Number(process.env.LAW_RUNS ?? 20)

const opened = (options: Parameters<typeof memoryStore>[0] = {}): ReturnType<typeof memoryStore> =>
  memoryStore({ nowMs: () => NOW_MS, ...options })

describe("a memory store", () => {
  it("gives the core's outcomes, whether asked at once or in batches", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 1_000 }), async (seed) => {
        let i = 0
        let ledger = emptyLedger()
        const store = memoryStore({ nowMs: () => instantOf(1, i) })
        while (i < 60) {
          const batch: readonly Command[] = batchAt(seed, 1, i)
          const applied = await store.apply(batch)
          for (const [at, command] of batch.entries()) {
            const expected = step(ledger, command, instantOf(1, i))
            ledger = expected.ledger
            expect(applied[at]).toEqual({
              outcome: expected.outcome,
              eventsWritten: expected.events.length,
              storeTimeMs: instantOf(1, i),
            })
          }
          i += batch.length
        }
        expect(store.ledger.accounts).toEqual(ledger.accounts)
      }),
      { numRuns: RUNS, seed: SEED },
    )
  })

  it("takes from 1 to STORE_BATCH_MAX commands, and none under a signal that is over", async () => {
    const store = opened()
    const many = Array.from({ length: STORE_BATCH_MAX + 1 }, (_, at) => charge(at + 1, "a", 1))
    await expect(store.apply([])).rejects.toThrow("0 commands; from 1 to 256 at once")
    await expect(store.apply(many)).rejects.toThrow("257 commands; from 1 to 256 at once")
    await expect(store.apply([charge(1, "a", 1)], AbortSignal.abort("over"))).rejects.toBe("over")
    expect(store.ledger.accounts.size).toBe(0)
    expect(await store.apply(many.slice(1))).toHaveLength(256)
  })

  it("ranks what it applies where it is opened with `history`", async () => {
    const store = opened({ history: true })
    const applied = await store.apply([charge(1, "a", 1), charge(2, "a", 1), charge(2, "a", 1)])
    expect(applied.map(({ rank }) => rank)).toEqual([1, 2, 3])
    expect(opened().applyNow(charge(1, "a", 1))).not.toHaveProperty("rank")
  })

  it("answers accounts as they stand, which what comes later does not move", async () => {
    const store = opened()
    const [line] = linesOf("a")
    const key = line?.account ?? ""
    store.applyNow(charge(1, "a", 3))
    const [before, missing] = await store.read([key, "nobody"])
    store.applyNow(reserve(2, linesOf("a"), 5))
    store.applyNow(settle(3, 2, 4))
    expect(before?.account?.meters[0]).toMatchObject({ settled: 3, held: 0 })
    expect(missing).toEqual({ account: null, storeTimeMs: NOW_MS })
    expect((await store.read([key]))[0]?.account?.meters[0]).toMatchObject({ settled: 7, held: 0 })
  })

  it("lists accounts by key, page by page, also those that come meanwhile", async () => {
    const store = opened()
    const names = ["b", "a", "__proto__", "é", ""]
    names.forEach((name, at) => void store.applyNow(charge(at + 1, name, 1)))
    const keys = names.map((name) => linesOf(name)[0]?.account ?? "").sort()
    const first = await store.list({ limit: 2 })
    expect(first.items.map(({ key }) => key)).toEqual(keys.slice(0, 2))
    store.applyNow(charge(9, "zz", 1))
    const rest = await store.list({ limit: 9, after: first.next ?? "" })
    expect(rest.items.map(({ key }) => key)).toEqual(
      [...keys, linesOf("zz")[0]?.account ?? ""].sort().slice(2),
    )
    expect(await store.list({ limit: 9, after: rest.next ?? "" })).toEqual({
      items: [],
      next: null,
    })
  })

  it("says whether what it holds ends with the process", () => {
    expect(opened().endsWithProcess).toBe(true)
  })

  it("refuses everything after close, which may be said twice", async () => {
    const store = opened()
    await store.close()
    await store.close()
    expect(() => store.applyNow(charge(1, "a", 1))).toThrow(StoreUnavailable)
    for (const ask of [
      () => store.apply([charge(1, "a", 1)]),
      () => store.read([]),
      () => store.list({ limit: 1 }),
      () => store.events({ limit: 1 }),
      () => store.unheard({ limit: 1 }),
      () => store.audit({ limit: 1 }),
      () => store.claim("log", 1, 1),
      () => store.confirm([]),
      () => store.retry([], 0),
      () => store.deadLetter([], ""),
      () => store.deadLetters({ limit: 1 }),
      () => store.resend([]),
    ])
      await expect(ask()).rejects.toThrow("store `memory` did not answer")
  })
})

describe("sorted keys", () => {
  it("are those of the map, whatever came and went", () => {
    const name = fc.constantFrom("a", "b", "c", "d", "__proto__", "")
    const change = fc.record({ key: name, comes: fc.boolean(), asks: fc.option(name) })
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        const map = new Map<string, unknown>()
        const keys = new SortedKeys(map)
        for (const { key, comes, asks } of changes) {
          if (comes) map.set(key, NOTHING)
          else map.delete(key)
          keys.changed([{ kind: "account", key, value: comes ? ({ key } as never) : null }])
          if (asks === null) continue
          const after = asks === "" ? undefined : asks
          const above = [...map.keys()].sort().filter((one) => after === undefined || one > after)
          expect(keys.after(after, 2)).toEqual(above.slice(0, 2))
        }
      }),
      { numRuns: 300, seed: SEED },
    )
  })
})
