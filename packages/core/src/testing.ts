/**
 * What proves a policy: scenario files, played on any store. What proves a notifier or a store: laws for any
 * test runner.
 *
 * @module
 */

export { type Barred, type Hand, type Let, type Ruling, Run, type RunOptions } from "./lab/run.ts"
export { type Witness, witnessOf } from "./lab/witness.ts"
export type { LawId } from "./testing/conformance/laws.ts"
export type { ConformanceOptions, Law, OpenEmpty } from "./testing/conformance/options.ts"
export { conformanceLaws } from "./testing/conformance.ts"
export type { Missed } from "./testing/expectations.ts"
export {
  type FaultyStore,
  faultyStores,
  type LedgerStore,
  type MakeLedgerStore,
} from "./testing/faultyStores.ts"
export type { Sent } from "./testing/notifier/farSide.ts"
export {
  type NotifierLaw,
  type NotifierLawsOptions,
  notifierLaws,
  type Refusal,
} from "./testing/notifierLaws.ts"
export { type Played, type PlayOptions, play } from "./testing/play.ts"
export { type MakeMemory, type PlayedJournal, playedMemory } from "./testing/playedMemory.ts"
export { type DecodedScenario, decodeScenario, type Scenario } from "./testing/scenario.ts"
export type { Step } from "./testing/scenarioSteps.ts"
export type { OpenStore, PlayedStore } from "./testing/world.ts"
