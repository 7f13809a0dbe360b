import type { Subject } from "../domain/subject.ts"
import type { Amounts } from "../domain/terms.ts"
import type { Usage } from "../domain/usage.ts"
import { RequestFailed } from "./errors.ts"

/** A call that is about to be made. */
export interface CallRequest {
  /** Who pays: a value per dimension. Bind one object per client where you can: its plan is kept with it. */
  readonly subject: Subject
  readonly provider?: string
  readonly model?: string
  /** As the provider names it: `batch`, `flex`, `priority`; absent is the standard one. */
  readonly serviceTier?: string
  /** Upper bound of the input, in tokens; UTF-8 bytes are one, no token is shorter than a byte. */
  readonly inputTokens?: number
  /** The call's own limit of output tokens; absent: the policy's `maxOutputTokens`. */
  readonly maxOutputTokens?: number
  /** A grant is not clamped below this; default the policy's. */
  readonly minOutputTokens?: number
  /** Answers made at once (`n`); 1 unless given. */
  readonly choices?: number
  readonly audio?: boolean
  readonly images?: boolean
  readonly imageCount?: number
  readonly searches?: number
  /** What it costs at most, instead of a model and its price: nano-USD, tokens; requests is 1. */
  readonly amounts?: Partial<Amounts>
  /** The fallback by which it comes, where the host chose one itself. */
  readonly via?: string
  /** Life of the hold without a heartbeat; 10 minutes unless given, at most 7 days. */
  readonly expiresInMs?: number
  /** How long to wait where the budget is only `busy`; default the engine's `waitMs`. */
  readonly waitMs?: number
  readonly signal?: AbortSignal
}

/** What a call did cost: read from the provider's usage, its own charge, or known amounts. */
export interface Settlement {
  readonly usage?: Usage
  /** The model and tier that the response names, where they differ from the request's. */
  readonly model?: string
  readonly serviceTier?: string
  /** The provider's own charge in nano-USD: it wins over the computed one. */
  readonly chargeNanoUsd?: number
  readonly amounts?: Partial<Amounts>
  /** False for a part: so far, cumulative. Default true. */
  readonly final?: boolean
}

/** @throws RequestFailed `invalid-command`, naming the field and the value, where a count is not one */
export const checkRequest = (request: CallRequest): void => {
  for (const name of COUNTS) {
    const value = request[name]
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 0))
      throw new RequestFailed(
        "invalid-command",
        `\`${name}\` is \`${String(value)}\`; give an integer of at least 0`,
      )
  }
  const { amounts } = request
  if (amounts === undefined) return
  for (const unit of ["usd", "tokens", "requests"] as const) {
    const value = amounts[unit]
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 0))
      throw new RequestFailed(
        "invalid-command",
        `\`amounts.${unit}\` is \`${String(value)}\`; give an integer from 0 to 2^53 − 1`,
      )
  }
}

const COUNTS = [
  "inputTokens",
  "maxOutputTokens",
  "minOutputTokens",
  "choices",
  "imageCount",
  "searches",
  "expiresInMs",
  "waitMs",
] as const
