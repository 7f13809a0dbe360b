import { EXPIRE_MAX } from "./command.ts"
import type { EpochMs } from "./time.ts"

/** Why a request is refused, in order of precedence: the first of all obstacles' reasons is the reason. */
export const REFUSAL_REASONS = [
  "switched-off",
  "latched",
  "open",
  "too-large",
  "exhausted",
  "probation",
  "degraded",
  "busy",
] as const

/** Why a Reserve or an Extend is refused. */
export type RefusalReason = (typeof REFUSAL_REASONS)[number]

/** One reason why one line, or one switch, does not admit. Amounts in the line's unit. */
export type Obstacle =
  | {
      readonly kind: "line"
      readonly account: string
      readonly reason: Exclude<RefusalReason, "switched-off">
      readonly settled: number
      readonly held: number
      /** Infinity where the line has none. */
      readonly cap: number
      readonly remaining: number
      /** When it ends, null where that takes a person or a smaller request. */
      readonly untilMs: EpochMs | null
    }
  | {
      readonly kind: "switch"
      readonly switch: string
      readonly reason: "switched-off"
      readonly untilMs: EpochMs | null
    }

/** Commands that end in one of these have changed nothing. */
export const COMMAND_ERRORS = [
  "invalid-command",
  "conflict",
  "already-answered",
  "unknown-source",
  "skewed",
  "unknown-reservation",
  "not-running",
  "unknown-period",
  "period-over",
  "missing-dimension",
  "unknown-model",
  "overflow",
] as const

/** Why a command changes nothing: it could not be meant, or came too late. */
export type CommandError = (typeof COMMAND_ERRORS)[number]

/**
 * What a store answers to a command. `granted` counts bound units; `drain` asks to start nothing new under
 * the reservation; `untilMs` null takes a person, or a smaller request.
 */
export type Outcome = (
  | { readonly kind: "reserved"; readonly granted: number }
  | { readonly kind: "extended"; readonly granted: number; readonly drain: boolean }
  | {
      readonly kind: "refused"
      readonly reason: RefusalReason
      readonly obstacles: readonly Obstacle[]
      readonly untilMs: EpochMs | null
    }
  | { readonly kind: "settled"; readonly drain: boolean; readonly skipped: readonly string[] }
  | { readonly kind: "released" }
  | { readonly kind: "charged"; readonly skipped: readonly string[] }
  | { readonly kind: "adjusted"; readonly settled: number }
  | { readonly kind: "acknowledged" }
  | { readonly kind: "nothing-to-acknowledge" }
  | { readonly kind: "later-generation"; readonly generation: number }
  | { readonly kind: "tripped"; readonly generation: number }
  | { readonly kind: "switched" }
  | { readonly kind: "expired"; readonly reservations: readonly string[] }
  | { readonly kind: "error"; readonly error: CommandError; readonly detail: string }
) & { readonly replayed?: true }

/**
 * Whether more may be due where an Expire was answered: it ended or moved as many as one may. Each account that it
 * moves tells something.
 *
 * @param events how many the command wrote
 * @example leavesMore({ kind: "expired", reservations: [] }, 128) // => true
 */
export const leavesMore = (outcome: Outcome, events: number): boolean =>
  outcome.kind === "expired" && Math.max(outcome.reservations.length, events) >= EXPIRE_MAX
