import type { Command, Terms } from "@spendfuse/core/domain"
import type { AccountRecord, Applied } from "@spendfuse/core/ports"
import type { Call, Script } from "./client.ts"
import type { Short } from "./shape.ts"

/** What the step's script is told beside the command. */
export interface StepContext {
  /** What the keys of a division begin with. */
  readonly base: (division: string) => string
  /** What the outbox and the terms lie under: on one server the base of `*`, in a Cluster the command's own. */
  readonly shared: string
  /** Those of the command's terms whose bodies go with it. */
  readonly terms: readonly Terms[]
  /** Epoch milliseconds; the server's own clock where undefined. */
  readonly nowMs: number | undefined
  /** Whether it draws a rank. */
  readonly history: boolean
  readonly eventsKept: number
  readonly auditKept: number
}

/** What the step's script answered. */
export type Answer =
  | {
      readonly kind: "applied"
      readonly applied: Applied
      /** A circuit opened or latched, or a switch turned: a replica should have it before it is answered. */
      readonly stops: boolean
    }
  /** The server does not keep the body of some terms; nothing was changed. */
  | { readonly kind: "terms-missing" }

/** How many commands of one source and division go to the step's script at once. */
export interface Many {
  /** Undefined where only the full rules can decide. */
  readonly shortOf: (command: Command, context: StepContext) => Short | undefined
  readonly argumentsOf: (
    shorts: readonly Short[],
    context: StepContext,
  ) => Pick<Call, "keys" | "args">
  /**
   * Answers to those that were decided: the first of them, in order.
   *
   * @throws StoreCorrupt where it cannot be read
   */
  readonly answersOf: (value: unknown) => readonly Applied[]
}

/** The ledger's part of the store: how a command goes to the step's script, and how its answers are read. */
export interface Steps {
  readonly script: Script
  readonly argumentsOf: (command: Command, context: StepContext) => Pick<Call, "keys" | "args">
  /** @throws StoreCorrupt where it cannot be read */
  readonly answerOf: (value: unknown, command: Command) => Answer
  /** Each command goes alone where there is none. */
  readonly many?: Many
  /** Reads accounts of one division, and the store's clock; null for what is not there. */
  readonly readingOf: (
    base: string,
    accounts: readonly string[],
    nowMs: number | undefined,
    shared: string,
  ) => Call
  /** @throws StoreCorrupt where it cannot be read */
  readonly recordsOf: (value: unknown, accounts: readonly string[]) => readonly AccountRecord[]
  /** Lists keys of a division's accounts after the given one: at least `limit` where there are so many. */
  readonly listingOf: (base: string, after: string | undefined, limit: number) => Call
  /** @throws StoreCorrupt where it cannot be read */
  readonly listedOf: (value: unknown) => Listed
}

/** Keys of a division's accounts. */
export interface Listed {
  /** In any order. */
  readonly keys: readonly string[]
  /** Where it stopped to look, before it had found `limit`; beyond it there may be more. */
  readonly upTo?: string
}
