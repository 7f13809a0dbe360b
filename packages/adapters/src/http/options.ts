import type { CallRequest, Refused, Subject } from "@spendfuse/core"
import type { GuardedFetchOptions } from "../fetch/options.ts"

/** What a request may cost, where its handler is reserved for as a whole; who pays is told by `subject`. */
export type Reserving = Omit<CallRequest, "subject" | "signal">

/** How a host's middleware guards its requests; `Request` is the host's own kind. */
export interface HostOptions<HostRequest> {
  /** Who pays, from what the host has authenticated. A request without its dimensions is a fault: status 400. */
  readonly subject: (request: HostRequest) => Subject | Promise<Subject>
  /**
   * What the request may cost: held before its handler runs, and refused where it does not fit. Null, or not
   * given: nothing is held before; the handler's calls by `spend.fetch` are guarded one by one.
   */
  readonly reserve?: (request: HostRequest) => Reserving | null | Promise<Reserving | null>
  /** Requests that cost nothing and pass by. */
  readonly skip?: (request: HostRequest) => boolean
  /** How `spend.fetch` guards the calls of a handler. */
  readonly fetch?: Omit<GuardedFetchOptions, "subject">
  /**
   * In whose shape a refusal is answered: an RFC 9457 problem unless given, or the error of the provider whose
   * API a route stands for.
   */
  readonly shape?: (request: HostRequest) => RefusalShape
  /** Another answer to a refusal, such as the policy's canned one (`refused.fallback`); undefined keeps the usual. */
  readonly onRefused?: (
    request: HostRequest,
    refused: Refused,
  ) => Response | undefined | Promise<Response | undefined>
  /** Another status for a refusal, 400 to 599; undefined keeps the usual one. */
  readonly statusOf?: (refused: Refused) => number | undefined
  /**
   * Which budgets are told in `RateLimit-Policy` and `RateLimit`: those that count requests (default), all of
   * them, or none. Money has no unit in the draft: it is told in micro-USD, as `qu="spendfuse-microusd"`.
   */
  readonly rateLimit?: "requests" | "all" | "none"
  /** Reads what is left for `RateLimit` of admitted requests too: one more trip to the store; false unless given. */
  readonly readsRemaining?: boolean
  /**
   * What the handler leaves unsettled counts whole, unless its status proves that nothing was called: 400 to
   * 499 do unless given.
   */
  readonly isFree?: (status: number) => boolean
  /** How long after the answer has ended, or its client has gone, a handler may still settle; 5,000 ms unless given. */
  readonly graceMs?: number
  /** Told what went wrong in here, which no caller sees. Default: the error's name to the console. */
  readonly onError?: (error: unknown) => void
}

/** A provider's kind of error body. */
export type RefusalShape = "problem" | "openai" | "anthropic" | "gemini"
