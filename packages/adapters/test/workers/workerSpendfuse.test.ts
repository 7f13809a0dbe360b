import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { Remaining } from "@spendfuse/core"
import { memoryStore } from "@spendfuse/store-memory"
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest"
import { durableObjectStore } from "../../../store-durable-object/src/index.ts"
import { startWorker } from "../../../store-durable-object/test/workerd.ts"
import { workerSpendfuse } from "../../src/workers.ts"
import { policyOf } from "../fetch/harness.ts"
import { type StandIn, standIn } from "../fetch/standIn.ts"

/** 20 tokens read and 5 written, at gpt-5's prices of 1.25 and 10 USD a million. */
const COST = 75_000

type Worker = Awaited<ReturnType<typeof startWorker>>

describe("a fuse in a Worker", () => {
  let worker: Worker
  let upstream: StandIn

  beforeAll(async () => {
    upstream = await standIn()
    const entry = join(import.meta.dirname, "../runtime/workerd/guarded.ts")
    worker = await startWorker(entry, { bindings: { UPSTREAM: upstream.url } })
  })
  afterAll(async () => {
    await worker.dispose()
    await upstream[Symbol.asyncDispose]()
  })

  const ask = (org: string, content: string, more: object = {}) =>
    worker.dispatchFetch(`http://test/${org}/chat`, {
      method: "POST",
      body: JSON.stringify({ model: "gpt-5", messages: [{ role: "user", content }], ...more }),
    })

  const leftOf = async (org: string, budget: string): Promise<Remaining | undefined> => {
    const answer = await worker.dispatchFetch(`http://test/${org}/left`)
    const left = (await answer.json()) as readonly Remaining[]
    return left.find((one) => one.budget === budget)
  }
  const orgOf = (org: string): Promise<Remaining | undefined> => leftOf(org, "org")

  it("passes a call, and has settled it when its answer has ended", async () => {
    const answer = await ask("json", "hello")
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ choices: [{ message: { role: "assistant" } }] })
    await expect.poll(() => orgOf("json")).toMatchObject({ settled: COST, held: 0 })
  })

  it("settles a stream after its last byte", async () => {
    const answer = await ask("stream", "hello", { stream: true })
    expect(await answer.text()).toContain("data: [DONE]")
    await expect.poll(() => orgOf("stream")).toMatchObject({ settled: COST, held: 0 })
  })

  it("counts a stream that its handler has left, though the answer has ended", async () => {
    const body = JSON.stringify({
      model: "gpt-5",
      messages: [{ role: "user", content: "hang" }],
      stream: true,
    })
    const answer = await worker.dispatchFetch("http://test/left/cut", { method: "POST", body })
    expect(await answer.text()).toBe("enough")
    await expect.poll(() => orgOf("left")).toMatchObject({ held: 0 })
    expect((await orgOf("left"))?.settled).toBeGreaterThan(0)
  })

  it("holds a slice of the platform's budget from request to request", async () => {
    for (let call = 0; call < 3; call += 1) {
      const answer = await ask("slices", "hello")
      expect(answer.status).toBe(200)
      await answer.text()
    }
    const all = await leftOf("slices", "all")
    // Quarters of a hundredth of 100 USD, and not a hold for each call.
    const quarters = [1, 2, 3, 4].map((count) => count * 250_000_000)
    expect(quarters).toContain((all?.held ?? 0) + (all?.settled ?? 0))
  })

  it("serves an SDK", async () => {
    const answer = await worker.dispatchFetch("http://test/sdk/sdk")
    expect(await answer.json()).toMatchObject({ object: "chat.completion" })
  })

  it("never passes the cap, however many requests come at once, and leaves none hanging", async () => {
    const before = upstream.seen.length
    const call = async (): Promise<number> => {
      const answer = await ask("crowd", "hello", { max_completion_tokens: 100 })
      // Read at once: a body that waits for others may be collected, and is cancelled then.
      await answer.text()
      return answer.status
    }
    const answers = await Promise.all(Array.from({ length: 200 }, call))
    const passed = answers.filter((status) => status === 200).length
    expect(answers.filter((status) => status === 402)).toHaveLength(200 - passed)
    expect(upstream.seen.length - before).toBe(passed)
    // 0.01 USD is 133 calls and a third of one; the last ones hold less than a call may cost.
    expect(passed).toBeGreaterThan(100)
    expect(passed).toBeLessThanOrEqual(133)
    await expect.poll(() => orgOf("crowd")).toMatchObject({ settled: passed * COST, held: 0 })
  })
})

describe("the Worker of the guide", () => {
  it("runs as its configuration says, and one object has counted the call", async () => {
    await using upstream = await standIn()
    const folder = join(import.meta.dirname, "../../../../docs/examples/workers")
    const text = readFileSync(join(folder, "wrangler.jsonc"), "utf8")
    const config = JSON.parse(text.replaceAll(/^ *\/\/.*$/gm, "")) as {
      readonly compatibility_date: string
      readonly compatibility_flags: string[]
      readonly durable_objects: { bindings: { name: string; class_name: string }[] }
      readonly migrations: { new_sqlite_classes: string[] }[]
    }
    const objects = config.durable_objects.bindings.map(({ name, class_name: className }) => {
      const useSQLite = config.migrations.some((one) => one.new_sqlite_classes.includes(className))
      return [name, { className, useSQLite }]
    })
    const worker = await startWorker(join(folder, "worker.ts"), {
      compatibilityDate: config.compatibility_date,
      compatibilityFlags: config.compatibility_flags,
      durableObjects: Object.fromEntries(objects),
      bindings: {
        OPENAI_API_KEY: "not-a-key",
        ALERTS_URL: "https://alerts.invalid/",
        ALERTS_SECRET: `whsec_${btoa("x".repeat(24))}`,
      },
      outboundService: async (request: Request) =>
        fetch(upstream.url + new URL(request.url).pathname, {
          method: "POST",
          body: await request.text(),
        }),
    } as object)
    onTestFinished(() => worker.dispose())
    const namespace = await worker.getDurableObjectNamespace("SPENDFUSE")
    const store = durableObjectStore({ namespace })
    // An object that has to begin may take longer than a call waits.
    await store.read(["org-day/acme"])
    const answer = await worker.dispatchFetch("http://test/", {
      method: "POST",
      headers: { "x-org": "acme" },
      body: JSON.stringify({ question: "hello" }),
    })
    expect(await answer.json()).toEqual({ text: "you said hello ☕" })
    await expect
      .poll(async () => (await store.read(["org-day/acme"]))[0]?.account?.meters[0])
      .toMatchObject({ settled: COST, held: 0 })
  })
})

describe("a fuse that is made outside of a request", () => {
  it("is one, decides all the same, and leaves the telling to others", async () => {
    const deliver = vi.fn(async () => undefined)
    const options = vi.fn(() => ({
      policy: policyOf("1", {
        budgets: [
          {
            id: "key",
            per: ["apiKey"],
            limit: { requests: 1 },
            window: "day",
            tiers: [{ at: "100%", block: true, notify: ["page"] }],
          },
        ],
      }),
      store,
      notifiers: { page: { name: "page", deliver } },
      onNotice: () => undefined,
    }))
    const store = memoryStore()
    const spendfuse = workerSpendfuse({
      waitUntil: () => {
        throw new Error("there is no request")
      },
      options,
    })
    const decision = await spendfuse({}).reserve({
      subject: { apiKey: "k" },
      amounts: { requests: 1 },
    })
    if (!decision.allowed) throw new Error(decision.reason)
    expect([decision.reservation, decision.held.requests]).toEqual([expect.any(String), 1])
    await decision.settle({ amounts: { requests: 1 } })
    await spendfuse({}).flush()
    expect(options).toHaveBeenCalledTimes(1)
    expect(deliver).not.toHaveBeenCalled()
    expect(await store.claim("page", 9, 1_000)).toHaveLength(1)
    await spendfuse({}).close()
  })
})
