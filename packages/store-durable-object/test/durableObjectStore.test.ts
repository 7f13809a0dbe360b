import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Miniflare } from "miniflare"
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest"
import { durableObjectStore } from "../src/index.ts"
import {
  callerOf,
  charge,
  linesOf,
  objectOf,
  reserve,
  said,
  startWorker,
  turn,
  workerAt,
} from "./workerd.ts"

const NO_OBJECTS = {
  idFromName: (name: string): string => name,
  get: () => ({ fetch: () => Promise.reject(new Error("no object is asked")) }),
}

describe("a store on Durable Objects", () => {
  let worker: Miniflare
  let count = 0
  const fresh = () => {
    count += 1
    const prefix = `test-${count}`
    return { call: callerOf(worker, prefix), object: objectOf(worker, prefix) }
  }
  beforeAll(async () => {
    worker = await startWorker(workerAt("calls.ts"))
  })
  afterAll(() => worker.dispose())

  const meterOf = async (call: ReturnType<typeof callerOf>, org: string) => {
    const [record] = await call("read", [linesOf(org)[0]?.account ?? ""])
    return record?.account?.meters[0]
  }

  it("admits exactly the cap, however many ask at once", async () => {
    const { call } = fresh()
    const answers = await Promise.all(
      Array.from({ length: 120 }, () => call("apply", [reserve("acme")])),
    )
    expect(answers.map(said).filter((one) => one === "reserved")).toHaveLength(40)
    expect(await meterOf(call, "acme")).toMatchObject({ settled: 0, held: 40 })
  })

  it("stops every division by a switch of `*`, those too that come later", async () => {
    const { call } = fresh()
    const ask = async (org: string): Promise<string> => said(await call("apply", [reserve(org)]))
    expect(await ask("a")).toBe("reserved")
    await call("apply", [turn("platform=all", "off")])
    expect([await ask("a"), await ask("b")]).toEqual(["switched-off", "switched-off"])
    await call("apply", [turn("platform=all", "on")])
    expect([await ask("a"), await ask("b"), await ask("c")]).toEqual(Array(3).fill("reserved"))
  })

  it("takes the last word on a switch, its own or that of `*`", async () => {
    const { call } = fresh()
    const ask = async (): Promise<string> => said(await call("apply", [reserve("a")]))
    await call("apply", [turn("org=a", "off")])
    expect(await ask()).toBe("switched-off")
    await call("apply", [turn("org=a", "on", "a")])
    await call("apply", [turn("org=b", "off")])
    expect(await ask()).toBe("reserved")
    await call("apply", [turn("org=a", "off", "a")])
    await call("apply", [turn("org=b", "on")])
    expect(await ask()).toBe("switched-off")
    await call("apply", [turn("org=a", "on")])
    expect(await ask()).toBe("reserved")
  })

  it("says what it knew of a source, so that a storage set back is noticed", async () => {
    const { call } = fresh()
    const first = charge("a", 1)
    const second = { ...first, id: { ...first.id, n: 2 }, done: 1 }
    const dones = [await call("apply", [first]), await call("apply", [second])]
    const again = { ...second, id: { ...first.id, n: 3 }, done: 2 }
    dones.push(await call("apply", [again]))
    expect(dones.map(([applied]) => applied?.done)).toEqual([0, 0, 1])
  })

  it("keeps a journal that does not grow with what was spent", async () => {
    const { call, object } = fresh()
    const batch = (): Promise<unknown> =>
      call(
        "apply",
        Array.from({ length: 256 }, () => charge("acme", 0)),
      )
    for (let round = 0; round < 8; round += 1) await batch()
    const before = await meterOf(call, "acme")
    const { chars } = JSON.parse(await object("acme", "rows")) as { chars: number }
    // Some 2,000 charges of 1,000 characters each, were they all kept as they came.
    expect(chars).toBeLessThan(1_600_000)
    await object("acme", "evict")
    expect(await meterOf(call, "acme")).toEqual(before)
  })

  it("answers nothing that could not be stored, and begins anew from what was", async () => {
    const { call, object } = fresh()
    await call("apply", [charge("a", 1)])
    await object("a", "full")
    await expect(call("apply", [charge("a", 2)])).rejects.toThrow("StoreUnavailable")
    await object("a", "room")
    expect(said(await call("apply", [charge("a", 4)]))).toBe("charged")
    expect(await meterOf(call, "a")).toMatchObject({ settled: 5 })
  })

  it("ends an overdue hold without traffic", async () => {
    const { call } = fresh()
    expect(said(await call("apply", [reserve("a", 2_000)]))).toBe("reserved")
    await expect
      .poll(() => meterOf(call, "a"), { interval: 100 })
      .toMatchObject({ settled: 1, held: 0 })
    const { items } = await call("events", { limit: 9 })
    expect(items.map(({ kind }) => kind)).toEqual(["expired"])
  })

  it("refuses lines of another division, and what is no cursor or prefix", async () => {
    const { call } = fresh()
    const stray = { ...reserve("a"), division: "b" }
    await expect(call("apply", [stray])).rejects.toThrow(
      "RangeError: a command of division `b` has a line in `a`; give the budget a lease",
    )
    await expect(call("events", { limit: 1, after: "7" })).rejects.toThrow(
      "RangeError: cursor `7` is none of this store's; use a page's `next`",
    )
    expect(() => durableObjectStore({ namespace: NO_OBJECTS, prefix: "a/b" })).toThrow(
      "`prefix` is `a/b`; give up to 64 letters",
    )
  })

  it("is unavailable where no object answers", async () => {
    const store = durableObjectStore({ namespace: NO_OBJECTS })
    await expect(store.apply([charge("a", 1)])).rejects.toThrow(
      "store `durable-object` did not answer",
    )
  })
})

describe("what the objects hold", () => {
  it("is whole after the runtime has ended, and alarms ring in the next one", async () => {
    const persist = mkdtempSync(join(tmpdir(), "spendfuse-objects-"))
    onTestFinished(() => rmSync(persist, { recursive: true, force: true }))
    const start = () => startWorker(workerAt("calls.ts"), { durableObjectsPersist: persist })
    const first = await start()
    const before = callerOf(first, "kept")
    const [, held] = await before("apply", [
      charge("a", 3),
      reserve("a", 5_000),
      turn("org=b", "off", "a"),
    ])
    expect(held?.outcome.kind).toBe("reserved")
    const account = linesOf("a")[0]?.account ?? ""
    await first.dispose()
    const second = await start()
    onTestFinished(() => second.dispose())
    const after = callerOf(second, "kept")
    await expect
      .poll(async () => (await after("read", [account]))[0]?.account?.meters[0], { interval: 100 })
      .toMatchObject({ settled: 4, held: 0 })
  })
})

describe("what the objects have to tell", () => {
  const told: string[] = []
  let refusals = 0
  const start = () =>
    startWorker(workerAt("calls.ts"), {
      serviceBindings: {
        TOLD: async (request: { json(): Promise<unknown> }) => {
          if (refusals > 0) {
            refusals -= 1
            return new Response("not now", { status: 500 }) as never
          }
          told.push(...((await request.json()) as string[]))
          return new Response("told") as never
        },
      },
    })

  it("is brought by their alarms, tried again where it was refused, and told once", async () => {
    const worker = await start()
    onTestFinished(() => worker.dispose())
    const call = callerOf(worker, "telling")
    // Two tries within a claim, and the first of the next one.
    refusals = 3
    // Its alarm comes before the one of what must be tried again.
    await call("apply", [reserve("a", 900), charge("a", 40)])
    await call("apply", [charge("b", 40)])
    const { items } = await call("events", { limit: 99 })
    const ids = items.filter(({ channels }) => channels.includes("page")).map(({ id }) => id)
    expect(ids.length).toBeGreaterThanOrEqual(2)
    await expect.poll(() => [...told].sort(), { interval: 100 }).toEqual([...ids].sort())
    expect(await call("claim", "page", 9, 1_000)).toEqual([])
  })
})
