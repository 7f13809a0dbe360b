import type { Subject } from "../../domain/subject.ts"
import type { Usage } from "../../domain/usage.ts"

/** One call of a history: who made it, and what it did use. */
export interface ReplayRow {
  /** When it was made; epoch milliseconds. */
  readonly atMs: number
  /** Who paid. One object per payer where you can: what is known of a payer is kept with it. */
  readonly subject: Subject
  readonly provider?: string
  readonly model?: string
  /** As the provider names it; absent is the standard one. */
  readonly serviceTier?: string
  readonly usage: Usage
  /** What the history says that it cost, in nano-USD: it wins over the price list. */
  readonly chargeNanoUsd?: number
  /** The call's own limit of output tokens; absent: the policy's. */
  readonly maxOutputTokens?: number
  /** How long it ran, in milliseconds; absent or 0: it is settled at once. At most 6 days. */
  readonly durationMs?: number
  /** How many calls it stands for, where a history gives sums; 1 unless given. */
  readonly calls?: number
  /** Whether it should have been served, where somebody knows: false for a loop, a leak, an abuse. */
  readonly legitimate?: boolean
}
