/**
 * What proves a policy, a rule, a notifier or a store, under any test runner. It needs `fast-check`.
 *
 * @module
 */

export type { LawId } from "./testing/conformance/laws.ts"
export type { ConformanceOptions, Law, OpenEmpty } from "./testing/conformance/options.ts"
export { conformanceLaws } from "./testing/conformance.ts"
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
export { anyHistory, anyPrices, anyRequest, anyUsage } from "./testing/policy/arbitraries.ts"
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
export { anyFleet, type FleetFaults } from "./testing/policy/fleet.ts"
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
