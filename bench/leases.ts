import { once } from "node:events"
import { Worker } from "node:worker_threads"
import { startRedis } from "../scripts/servers/index.mjs"
import { type Spending, spend } from "./leaseSpend.ts"
import { exactly, median, type Ratio } from "./rounds.ts"

/** What slices save, and what they cost at the cap. */
export const leaseRatios = async (): Promise<readonly Ratio[]> => [
  await againstTwoTrips(),
  ...(await atTheCap()),
]

const WORKERS = 8
const WARM_UP = 4
const ROUNDS = 15
const ROUND_MS = 250

/** Eight worker threads on one Redis, five budgets each: the same calls on slices, and by two trips each. */
const againstTwoTrips = async (): Promise<Ratio> => {
  const server = await startRedis()
  const workerData = { url: server.url, prefix: "benchLease" }
  const file = new URL("./leaseWorker.ts", import.meta.url)
  const workers = Array.from({ length: WORKERS }, () => new Worker(file, { workerData }))
  const callsOf = async (side: "leased" | "plain"): Promise<number> => {
    for (const worker of workers) worker.postMessage({ side, ms: ROUND_MS })
    const answers = await Promise.all(workers.map((worker) => once(worker, "message")))
    return answers.reduce((sum, [calls]) => sum + Number(calls), 0)
  }
  try {
    const ratios: number[] = []
    const rates = { leased: 0, plain: 0 }
    for (let round = -WARM_UP; round < ROUNDS; round += 1) {
      const first = round % 2 === 0 ? "leased" : "plain"
      const one = await callsOf(first)
      const other = await callsOf(first === "leased" ? "plain" : "leased")
      const [leased, plain] = first === "leased" ? [one, other] : [other, one]
      if (round < 0) continue
      ratios.push(leased / plain)
      rates.leased += Math.round((leased * 1_000) / ROUND_MS / ROUNDS)
      rates.plain += Math.round((plain * 1_000) / ROUND_MS / ROUNDS)
    }
    console.error(`calls a second: ${rates.leased} on slices, ${rates.plain} by two trips each`)
    return median({ name: "lease-vs-two-trips", goal: 200, better: "higher" }, ratios)
  } finally {
    const ends = workers.map((worker) => once(worker, "exit"))
    for (const worker of workers) worker.postMessage({ side: "leased", ms: 0 })
    await Promise.all(ends)
    await server.stop()
  }
}

const CALLS = 100_000
const MANY_CALLS = 1_000_000

const atTheCap = async (): Promise<readonly Ratio[]> => {
  const bar = { better: "higher", goal: 0.99 } as const
  const round = (value: number): number => Math.round(value * 1e5) / 1e5
  const { localShare } = await spend({ calls: MANY_CALLS, isLeased: true, isSkewed: false })
  const share = { ...bar, name: "lease-local-share", value: round(localShare) }
  const ratios = [exactly(share)]
  for (const [load, isSkewed] of [
    ["even", false],
    ["skewed", true],
  ] as const) {
    const at = async (isLeased: Spending["isLeased"]): Promise<number> =>
      (await spend({ calls: CALLS, isLeased, isSkewed })).atFirstRefusal
    const value = round((await at(true)) / (await at(false)))
    ratios.push(exactly({ ...bar, name: `lease-first-refusal-${load}`, value }))
  }
  return ratios
}
