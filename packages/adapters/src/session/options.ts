import type {
  Amounts,
  CallRequest,
  Decision,
  DomainEvent,
  Refused,
  Remaining,
  Subject,
} from "@spendfuse/core"
import type { GuardedFetch } from "../fetch/guardedFetch.ts"
import type { GuardedFetchOptions } from "../fetch/options.ts"

/** A level that was reached: 80% of the session's budget, say. */
export type TierEvent = Extract<DomainEvent, { kind: "tier" }>

/** What is kept for the last answer: nano-USD, tokens; requests is 1 unless given. */
export type KeepBack = Partial<Amounts>

/** How sessions are kept. */
export interface SessionsOptions {
  /** How the calls of a session are guarded. */
  readonly fetch?: Omit<GuardedFetchOptions, "subject">
  /** What signs tokens: the first signs, each verifies, so that they can be rotated. At least 32 characters each. */
  readonly secrets?: readonly string[]
  /** Life of a token, in milliseconds; an hour unless given. */
  readonly tokenLifeMs?: number
  /** The clock, epoch milliseconds; for tests. */
  readonly nowMs?: () => number
}

/** How one session is opened. */
export interface OpenOptions {
  /** Held from the beginning, on every budget that binds the session, and found by the final call alone. */
  readonly keepBack?: KeepBack
  /**
   * Life of what is kept back, in milliseconds; an hour unless given, at most 7 days. Kept longer, it counts as
   * spent until the final call or `close` says better.
   */
  readonly keptForMs?: number
}

/** A session: its calls count on its subject, and on that of whoever opened it. */
export interface Session extends AsyncDisposable {
  readonly allowed: true
  /** Who pays for its calls. */
  readonly subject: Subject
  /** For SDKs. A call is refused as `exhausted` where only what is kept back would pay for it. */
  readonly fetch: GuardedFetch
  /** The same for the last answer: it finds what was kept back. */
  readonly finalFetch: GuardedFetch
  /** Decides about any other call; `isFinal` for the last one. */
  readonly reserve: (
    request: Omit<CallRequest, "subject">,
    how?: { readonly isFinal?: boolean },
  ) => Promise<Decision>
  /** What is left of each budget that binds it; what is kept back counts as held. @throws StoreUnavailable */
  readonly remaining: (call?: {
    readonly model?: string
    readonly provider?: string
  }) => Promise<readonly Remaining[]>
  /**
   * Called for each level that is reached of a budget that binds it. The host must hand events on:
   * `createSpendfuse({ onEvent: (event) => sessions.hear(event) })`.
   *
   * @returns what ends it
   */
  readonly onTier: (listener: (event: TierEvent) => void) => () => void
  /** A session within this one, for a helper: `child({ task: "search" })` adds to who pays, and changes nothing. */
  readonly child: (more: Subject, options?: OpenOptions) => Promise<Session | Refused>
  /** Its token, for a helper in another process. @throws TypeError without `secrets` */
  readonly token: () => Promise<string>
  /** Runs work, and all that it starts, in this session: `sessions.fetch` counts its calls here. */
  readonly run: <Value>(work: () => Value) => Value
  /** Gives back what is kept and was not used. */
  readonly close: () => Promise<void>
}
