import type { Miniflare } from "miniflare"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { conformanceLaws } from "../../core/src/testing.ts"
import { startWorker, workerAt } from "./workerd.ts"

// A history takes many calls: a twentieth of the runs of laws without a runtime of their own.
const RUNS = Math.ceil(Number(process.env.LAW_RUNS ?? 400) / 20)
const SEED = Number(process.env.LAW_SEED ?? 42)

const never = (): Promise<never> => Promise.reject(new Error("the laws run in the runtime"))

describe("the Durable Object store keeps the laws of stores in workerd", () => {
  let worker: Miniflare
  beforeAll(async () => {
    worker = await startWorker(workerAt("laws.ts"))
  })
  afterAll(() => worker.dispose())

  for (const { id, name } of conformanceLaws({ open: never, corrupt: never }))
    it(name, async () => {
      const body = JSON.stringify({ law: id, runs: RUNS, seed: SEED })
      const answer = await worker.dispatchFetch("http://test/", { method: "POST", body })
      expect(await answer.text()).toBe("")
    })
})
