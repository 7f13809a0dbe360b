/**
 * What proves a policy: scenario files, played on any store.
 *
 * @module
 */
export type { Missed } from "./testing/expectations.ts"
export { type Played, type PlayOptions, play } from "./testing/play.ts"
export { type MakeMemory, type PlayedJournal, playedMemory } from "./testing/playedMemory.ts"
export { type DecodedScenario, decodeScenario, type Scenario } from "./testing/scenario.ts"
export type { Step } from "./testing/scenarioSteps.ts"
export type { OpenStore, PlayedStore } from "./testing/world.ts"
