/**
 * Spendfuse: a fuse for AI spend. Reserve the worst case before a call, settle the cost after it.
 *
 * @module
 */
export type { CircuitEvent, DomainEvent, EscalationEvent, TierEvent } from "./domain/event.ts"
export { eventName } from "./domain/event.ts"
export { incidentsOf } from "./domain/incident.ts"
export { formatUsd, parseUsd } from "./domain/money.ts"
export type { Obstacle, Outcome, RefusalReason } from "./domain/outcome.ts"
export { REFUSAL_REASONS } from "./domain/outcome.ts"
export type { LimitedAccount, LimitFor, Policy, Rule } from "./domain/policy.ts"
export type { RuleAdds, RuleClaim, RuleFacts } from "./domain/rule.ts"
export type { Subject } from "./domain/subject.ts"
export type { Amounts } from "./domain/terms.ts"
export { inputTokensOf, outputTokensOf, type Usage } from "./domain/usage.ts"
export {
  channelsOf,
  type DecodedPolicy,
  decodePolicy,
  definePolicy,
  type PolicyJson,
  policyChanges,
} from "./edge/policy.ts"
export * from "./edge/problem.ts"
export { defineRule, type RuleJson } from "./edge/rule.ts"
export * from "./edge/seedPolicy.ts"
export type { Admitted, Decision, Extended, Refused, Settled } from "./engine/decision.ts"
export { RequestFailed, SpendfuseClosed } from "./engine/errors.ts"
export { amountText, explain } from "./engine/explain/explainDecision.ts"
export {
  type BillProof,
  type BillSpan,
  explainPolicy,
  type Finding,
  type PolicyExplanation,
  type WorstBill,
} from "./engine/explain/explainPolicy.ts"
export type { Notice } from "./engine/notice.ts"
export type {
  AccountOf,
  AcknowledgeOptions,
  ByWhom,
  Operated,
  Operator,
} from "./engine/operator.ts"
export type { CallRequest, Settlement } from "./engine/request.ts"
export * from "./host/createDispatcher.ts"
export * from "./host/createSpendfuse.ts"
export { type Guarded, type GuardOptions, guard } from "./host/guard.ts"
export { WrappedCall, wrapSpendfuse } from "./host/wrapped.ts"
export * from "./ports.ts"
