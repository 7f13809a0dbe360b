import type { Subject } from "./subject.ts"
import type { EpochMs } from "./time.ts"

/** What a rule sees of a request. It is frozen. */
export interface RuleFacts {
  readonly subject: Subject
  readonly model: string | undefined
  readonly provider: string | undefined
  /** Epoch milliseconds. Who looks at it says by `untilMs` how long the answer holds. */
  readonly atMs: EpochMs
}

/** What a rule adds to a request's plan; what is absent adds nothing. Nothing is ever taken away. */
export interface RuleAdds {
  /** Ids of the rule's own budgets, as they are written there: the request counts in these too. */
  readonly budgets?: readonly string[]
  /** Subject values whose switch must not be off either. */
  readonly switches?: readonly { readonly dimension: string; readonly value: string }[]
  /** The policy's fallback that a refusal starts with, where no degrade tier names one. */
  readonly fallback?: string
  /** From then on the rule is asked again; absent: it does not look at the time. Epoch milliseconds. */
  readonly untilMs?: EpochMs
}

/** What a rule may promise beyond the laws of every rule. */
export type RuleClaim = "monotone"
