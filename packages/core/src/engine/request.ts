import { isAmount } from "../domain/money.ts"
import type { Subject } from "../domain/subject.ts"
import type { Amounts } from "../domain/terms.ts"
import { USAGE_COMPONENTS, type Usage } from "../domain/usage.ts"
import { amountsProblem, shortOf } from "./amounts.ts"
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
  /**
   * Hold this many output tokens per choice to begin with, and not the whole limit. What the call writes must
   * then stay within `heldTokens`, which `extend` raises while it runs. Absent: the whole limit is held.
   */
  readonly sliceTokens?: number
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
  /** Life of the hold without a heartbeat, in milliseconds; 10 minutes unless given, at most 7 days. Under 6 seconds it is not kept alive. */
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

/** @throws RequestFailed `invalid-command`, naming the field and the value, where something is not what it should be */
export const checkRequest = (request: CallRequest): void => {
  if (typeof request !== "object" || request === null)
    throw new RequestFailed("invalid-command", "the request is not an object with a `subject`")
  // Each field by its name, not in a loop: this is on the path of every decision.
  checkCount("inputTokens", request.inputTokens)
  checkCount("maxOutputTokens", request.maxOutputTokens)
  checkCount("minOutputTokens", request.minOutputTokens)
  checkCount("imageCount", request.imageCount)
  checkCount("searches", request.searches)
  checkCount("waitMs", request.waitMs)
  checkCount("choices", request.choices, 1)
  checkCount("sliceTokens", request.sliceTokens, 1)
  checkCount("expiresInMs", request.expiresInMs, 1)
  checkText("model", request.model)
  checkText("provider", request.provider)
  checkText("serviceTier", request.serviceTier)
  checkText("via", request.via)
  if (request.amounts === undefined) return
  const problem = amountsProblem("amounts", request.amounts)
  if (problem !== null) throw new RequestFailed("invalid-command", problem)
}

/**
 * What is wrong with what a provider is said to have used: then the whole hold is counted.
 *
 * @returns the problem, or null
 * @throws RequestFailed `invalid-command` where the host's own `amounts` are not amounts: nothing is counted
 */
export const checkSettlement = (settlement: Settlement): string | null => {
  if (typeof settlement !== "object" || settlement === null)
    throw new RequestFailed("invalid-command", "the settlement is not an object")
  if (settlement.amounts !== undefined) {
    const problem = amountsProblem("amounts", settlement.amounts)
    if (problem !== null) throw new RequestFailed("invalid-command", problem)
    return null
  }
  const { chargeNanoUsd, usage } = settlement
  if (chargeNanoUsd !== undefined && !isAmount(chargeNanoUsd))
    return `\`chargeNanoUsd\` is \`${shortOf(chargeNanoUsd)}\`, not an integer from 0 to 2^53 − 1`
  if (usage === undefined) return null
  if (typeof usage !== "object" || usage === null) return "`usage` is not an object"
  let tokens = 0
  for (const component of USAGE_COMPONENTS) {
    const count = usage[component]
    if (count === undefined) continue
    if (!isAmount(count))
      return `\`usage.${component}\` is \`${shortOf(count)}\`, not an integer from 0 to 2^53 − 1`
    tokens += count
  }
  return Number.isSafeInteger(tokens) ? null : "`usage` counts more than 2^53 − 1"
}

const checkCount = (name: string, value: number | undefined, least = 0): void => {
  if (value === undefined || (Number.isSafeInteger(value) && value >= least)) return
  throw wrong(name, value, `give an integer of at least ${least}`)
}

const checkText = (name: string, value: unknown): void => {
  if (value !== undefined && typeof value !== "string") throw wrong(name, value, "give a string")
}

const wrong = (name: string, value: unknown, mend: string): RequestFailed =>
  new RequestFailed("invalid-command", `\`${name}\` is \`${shortOf(value)}\`; ${mend}`)
