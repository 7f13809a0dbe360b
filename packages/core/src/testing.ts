/**
 * What proves a policy: scenario files, played on any store.
 *
 * @module
 */
export type { Missed } from "./testing/expectations.ts"
export { type OpenStore, type Played, type PlayedStore, play } from "./testing/play.ts"
export {
  type DecodedScenario,
  decodeScenario,
  type Scenario,
  type Step,
} from "./testing/scenario.ts"
