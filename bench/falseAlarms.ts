import { type Anomaly, AnomalyDetector } from "@spendfuse/core/anomaly"
import { libraryPrices } from "@spendfuse/core/prices"
import { keyAt, readTraces, TRACE_KEYS, TRACE_MODEL, type TraceRow } from "./traces.ts"

/** Hours are all that the traces have: less is learned first, in shorter buckets, than by default. */
const BUCKET_MS = 60_000
const WARM_UPS = [12, 24]
const MINIMUM = 10_000_000
const HOUR_MS = 3_600_000

/** Bounds of what a row is multiplied by where a loop is planted: the last ten minutes of one key. */
const LOOP = { key: keyAt(0), times: 10, lastMs: 600_000 } as const

/**
 * How often the detector pages for the public traces, which hold no known incident: each alarm counts as a
 * false one. Beside it whether a planted tenfold loop is found, and how soon.
 */
const main = (): void => {
  const rows = readTraces()
  const [first, last] = [rows?.[0], rows?.at(-1)]
  if (rows === null || first === undefined || last === undefined) {
    console.error("the public traces are not beside this checkout")
    process.exitCode = 1
    return
  }
  const costs = rows.map(costOf)
  const hours = ((last.atMs - first.atMs) / HOUR_MS) * TRACE_KEYS
  const untilMs = last.atMs - LOOP.lastMs
  console.log(
    `${rows.length} rows, ${TRACE_KEYS} keys, ${hours.toFixed(1)} key-hours; buckets of ${BUCKET_MS / 1_000} s, at least $${MINIMUM / 1e9} in one`,
  )
  for (const [warmUp, sigma] of WARM_UPS.flatMap((n) => [3, 4, 5].map((s) => [n, s] as const))) {
    const how = { warmUp, sigma }
    const alarms = raised(rows, how, (at) => costs[at] ?? 0)
    const looped = raised(rows, how, (at) => {
      const row = rows[at]
      const isLoop = row !== undefined && row.apiKey === LOOP.key && row.atMs >= untilMs
      return (costs[at] ?? 0) * (isLoop ? LOOP.times : 1)
    })
    const found = looped.find(({ account, atMs }) => account === LOOP.key && atMs >= untilMs)
    const soon =
      found === undefined ? "not found" : `found after ${(found.atMs - untilMs) / 1_000} s`
    const minutes = alarms.map(({ sinceMs }) => Math.round((sinceMs - first.atMs) / 60_000))
    console.log(
      `${warmUp} buckets to learn, sigma ${sigma}: ${alarms.length} alarms, ${(alarms.length / hours).toFixed(3)} per key and hour${minutes.length === 0 ? "" : ` (in minute ${minutes.join(", ")})`}; a tenfold loop ${soon}`,
    )
  }
}

const raised = (
  rows: readonly TraceRow[],
  how: { readonly warmUp: number; readonly sigma: number },
  costAt: (at: number) => number,
): readonly Anomaly[] => {
  const options = { ...how, bucketMs: BUCKET_MS, minimum: { usd: MINIMUM }, burn: [] }
  const detector = new AnomalyDetector(options)
  return rows.flatMap(({ atMs, apiKey }, at) =>
    detector
      .spend({ account: apiKey, atMs, amount: costAt(at), unit: "usd" })
      .filter(({ state }) => state === "raised"),
  )
}

const prices = libraryPrices()

const costOf = ({ atMs, inputTokens, outputTokens }: TraceRow): number => {
  const cost = prices.cost({ ...TRACE_MODEL, atMs }, { inputTokens, outputTokens })
  if (cost.kind !== "priced") throw new Error(`a row has no price: ${cost.kind}`)
  return cost.nanoUsd
}

main()
