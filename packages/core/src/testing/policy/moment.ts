import type { DomainEvent } from "../../domain/event.ts"
import type { Outcome } from "../../domain/outcome.ts"
import type { Policy } from "../../domain/policy.ts"
import type { Amounts } from "../../domain/terms.ts"
import type { EpochMs } from "../../domain/time.ts"
import type { CallRequest } from "../../engine/request.ts"
import type { Ruling, Run } from "../../lab/run.ts"
import type { CallStep, StoryStep } from "./story.ts"

/** What one call spent: what is held for it while it runs, what it did cost after. */
export interface Spend {
  /** When it was reserved. */
  readonly atMs: EpochMs
  readonly request: CallRequest
  /** The accounts that it is held on. */
  readonly accounts: readonly string[]
  /** Per unit. */
  amounts: Amounts
  /** The outage, from 1, in which its host let it through by itself; null where the store did. */
  readonly outage: number | null
}

/** What an invariant sees after each step of a story. */
export interface Moment {
  readonly policy: Policy
  readonly run: Run
  readonly atMs: EpochMs
  readonly step: StoryStep
  /** Of a call. */
  readonly request: CallRequest | null
  /** Null, too, where a host refuses because the store is silent. */
  readonly ruling: Ruling | null
  /** Of what a person did. */
  readonly outcome: Outcome | null
  /** That a person acknowledged or tripped. */
  readonly account: string | null
  /** The same call in the story without the calls that the invariant leaves out; null where it is left out itself. */
  readonly twin: Ruling | null
  /** Since the moment before, oldest first. */
  readonly events: readonly DomainEvent[]
  /** All calls that were let through so far, oldest first. */
  readonly spends: readonly Spend[]
}

/** Something that must hold in every story. */
export interface Invariant {
  /** A sentence: `no apiKey above $50 in any hour`. */
  readonly name: string
  /** Begins to watch one story: what it returns is asked after each step, and says what is broken, or null. */
  readonly watch: () => (moment: Moment) => string | null
  /** What it names: a policy that has none of that would keep it in every story. */
  readonly about?: {
    readonly budgets?: readonly string[]
    readonly dimensions?: readonly string[]
  }
  /** Calls that a twin of the story leaves out, to see what they do to others. */
  readonly without?: (call: CallStep) => boolean
}
