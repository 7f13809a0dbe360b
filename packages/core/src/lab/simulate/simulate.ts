import type { Fleet } from "../../edge/fleet/fleet.ts"
import { amountText } from "../../engine/explain/explainDecision.ts"
import type { RunOptions } from "../run.ts"
import { PostHocCounter } from "./counter.ts"
import { Fuse } from "./fuse.ts"
import type { ExpectationMissed, FleetReport, Way, WayReport } from "./report.ts"
import { billingAlert, unguarded } from "./unguarded.ts"
import { World } from "./world.ts"

/** How a fleet is simulated. */
export interface SimulateOptions {
  /** Names what is drawn; 1 unless given. */
  readonly seed?: number
  /** All of them unless given; `alert` only where the fleet has one. */
  readonly ways?: readonly Way[]
  /** Calls that are asked for in one way, at most 5,000,000 unless given. */
  readonly callsMax?: number
  readonly onProgress?: (way: Way, share: number) => void
  /** Hears each command of the fuse and its outcome, so that a store can be asked the same. */
  readonly onApplied?: RunOptions["onApplied"]
}

/** The ways to guard a fleet, in the order in which they are told. */
export const WAYS: readonly Way[] = ["unguarded", "alert", "counter", "spendfuse"]

/**
 * Plays a fleet in virtual time, once for each way to guard it. The same fleet and seed give the same report on
 * every machine; what an actor draws does not depend on the others.
 *
 * @throws FleetTooLarge where it asks for more calls than `callsMax`
 * @example
 * const decoded = decodeFleet(JSON.parse(text))
 * if (decoded.ok) console.log(simulate(decoded.fleet, { seed: 7 }).ways.map(({ billedNanoUsd }) => billedNanoUsd))
 */
export const simulate = (fleet: Fleet, options: SimulateOptions = {}): FleetReport => {
  const { seed = 1, ways = WAYS } = options
  const reports = WAYS.filter(
    (way) => ways.includes(way) && (way !== "alert" || fleet.alertAtNanoUsd !== null),
  ).map((way) => playWay(fleet, way, seed, options))
  const { title, startMs, endMs } = fleet
  return { title, seed, startMs, endMs, ways: reports, missed: missedOf(fleet, reports) }
}

const CALLS_MAX = 5_000_000

const playWay = (fleet: Fleet, way: Way, seed: number, options: SimulateOptions): WayReport => {
  const { callsMax = CALLS_MAX, onProgress, onApplied } = options
  const shared = {
    seed,
    way,
    callsMax,
    ...(onProgress !== undefined && {
      onProgress: (share: number): void => onProgress(way, share),
    }),
  }
  switch (way) {
    case "unguarded":
      return new World(fleet, { ...shared, guard: unguarded(fleet) }).play()
    case "alert":
      return new World(fleet, {
        ...shared,
        guard: billingAlert(fleet, fleet.alertAtNanoUsd ?? 0),
      }).play()
    case "counter":
      return new World(fleet, { ...shared, guard: new PostHocCounter(fleet) }).play()
    case "spendfuse":
      return new World(fleet, { ...shared, guard: new Fuse(fleet, onApplied) }).play()
  }
}

/** What the fleet's file expects of the fuse, and was not so. */
const missedOf = ({ expect }: Fleet, ways: readonly WayReport[]): readonly ExpectationMissed[] => {
  const report = ways.find(({ way }) => way === "spendfuse")
  if (report === undefined) return []
  const missed: ExpectationMissed[] = []
  const { spentAtMost, pagesAtLeast, refusedAtMost } = expect
  if (spentAtMost !== null && report.billedNanoUsd > spentAtMost)
    missed.push({
      path: "expect.spentAtMost",
      expected: `at most ${amountText(spentAtMost, "usd")}`,
      found: amountText(report.billedNanoUsd, "usd"),
    })
  const pages = report.fuse?.pages ?? 0
  if (pagesAtLeast !== null && pages < pagesAtLeast)
    missed.push({
      path: "expect.pagesAtLeast",
      expected: `at least ${pagesAtLeast}`,
      found: String(pages),
    })
  for (const [name, millionths] of refusedAtMost) {
    const { calls, callsRefused } = report.actors.find((one) => one.name === name) ?? NO_CALLS
    if (callsRefused * 1_000_000 <= calls * millionths) continue
    missed.push({
      path: `expect.refusedAtMost.${name}`,
      expected: `at most ${millionths / 10_000} % of ${calls} calls`,
      found: String(callsRefused),
    })
  }
  return missed
}

const NO_CALLS = { calls: 0, callsRefused: 0 }
