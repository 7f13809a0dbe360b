/**
 * Policies in virtual time: a ledger without a store, histories, fleets and scenario files played through it, the
 * worst bill spent.
 *
 * @module
 */

export type { Actor, Fleet } from "./edge/fleet/fleet.ts"
export type { ActorJson, FleetJson } from "./edge/fleet/fleetJson.ts"
export { type DecodedFleet, decodeFleet } from "./edge/fleet/readFleet.ts"
export { Replay, type ReplayOptions } from "./lab/replay/replay.ts"
export type {
  BudgetReport,
  CallsAndMoney,
  PayerReport,
  ReplayReport,
  Setting,
} from "./lab/replay/report.ts"
export type { ReplayRow } from "./lab/replay/row.ts"
export type { TimelineReport, TimelineSeries } from "./lab/replay/timeline.ts"
export type { Told, ToldOnce } from "./lab/replay/told.ts"
export { type Barred, type Hand, type Let, type Ruling, Run, type RunOptions } from "./lab/run.ts"
export type {
  ActorReport,
  BillSeen,
  ExpectationMissed,
  FleetReport,
  FuseReport,
  Way,
  WayReport,
} from "./lab/simulate/report.ts"
export { type SimulateOptions, simulate, WAYS } from "./lab/simulate/simulate.ts"
export { FleetTooLarge } from "./lab/simulate/world.ts"
export { type Habits, History } from "./lab/suggest/history.ts"
export { type Suggestion, suggest, TIGHTNESSES, type Tightness } from "./lab/suggest/suggest.ts"
export { type Witness, witnessOf } from "./lab/witness.ts"
export type { Missed } from "./testing/expectations.ts"
export { type Played, type PlayOptions, play } from "./testing/play.ts"
export { type MakeMemory, type PlayedJournal, playedMemory } from "./testing/playedMemory.ts"
export { type DecodedScenario, decodeScenario, type Scenario } from "./testing/scenario.ts"
export type { Step } from "./testing/scenarioSteps.ts"
export type { OpenStore, PlayedStore } from "./testing/world.ts"
