/**
 * What proves a policy: scenario files, played on any store. What proves a notifier or a store: laws for any
 * test runner.
 *
 * @module
 */

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
export { type Habits, History } from "./lab/suggest/history.ts"
export { type Suggestion, suggest, TIGHTNESSES, type Tightness } from "./lab/suggest/suggest.ts"
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
export {
  type Checked,
  type CheckPolicyOptions,
  checkPolicy,
  PolicyBroken,
  saneInvariants,
} from "./testing/policy/checkPolicy.ts"
export {
  type CheckRuleOptions,
  checkRule,
  RuleBroken,
  type RuleLaw,
} from "./testing/policy/checkRule.ts"
export { anyFacts } from "./testing/policy/facts.ts"
export { withinWorstBills } from "./testing/policy/invariants/bills.ts"
export { allOf, always, whenever, within } from "./testing/policy/invariants/combine.ts"
export {
  type NeverAbove,
  neverAbove,
  neverRefusedBelow,
} from "./testing/policy/invariants/neverAbove.ts"
export {
  latchedServesNothing,
  type NoStarvation,
  noStarvation,
  type Resumes,
  resumesAfterAcknowledgement,
} from "./testing/policy/invariants/serving.ts"
export { type WarnsBefore, warnsBefore } from "./testing/policy/invariants/warnsBefore.ts"
export type { Invariant, Moment, Spend } from "./testing/policy/moment.ts"
export {
  type After,
  anyAcknowledge,
  anyCall,
  anyStep,
  anySubject,
  type CallStep,
  type Share,
  type StoryFaults,
  type StoryStep,
} from "./testing/policy/story.ts"
export { type DecodedScenario, decodeScenario, type Scenario } from "./testing/scenario.ts"
export type { Step } from "./testing/scenarioSteps.ts"
export type { OpenStore, PlayedStore } from "./testing/world.ts"
