import type { Policy } from "../../domain/policy.ts"
import type { Amounts } from "../../domain/terms.ts"
import { inputTokensOf } from "../../domain/usage.ts"
import { RequestFailed } from "../../engine/errors.ts"
import { costOfSettlement, type Estimate, estimate, tokensOf } from "../../engine/estimate.ts"
import type { CallRequest } from "../../engine/request.ts"
import type { Prices } from "../../ports/Prices.ts"
import type { ReplayRow } from "./row.ts"

/** What the call of a row is asked for. */
export const requestOf = (row: ReplayRow): CallRequest => ({
  subject: row.subject,
  ...(row.provider !== undefined && { provider: row.provider }),
  ...(row.model !== undefined && { model: row.model }),
  ...(row.serviceTier !== undefined && { serviceTier: row.serviceTier }),
  ...(row.maxOutputTokens !== undefined && { maxOutputTokens: row.maxOutputTokens }),
  inputTokens: inputTokensOf(row.usage),
  expiresInMs: Math.min(LIFE_MAX_MS, (row.durationMs ?? 0) + LIFE_MORE_MS),
})

const LIFE_MORE_MS = 600_000
const LIFE_MAX_MS = 7 * 86_400_000

/**
 * What a row did use, with its output cut to what it was granted.
 *
 * @param share of what it used, where the output was cut
 * @throws RequestFailed `unknown-model` where neither the history nor the price list says what it costs
 */
export const usedBy = (
  row: ReplayRow,
  policy: Policy,
  prices: Prices | undefined,
  model: { readonly model?: string; readonly provider?: string } = row,
  outputTokens: number = row.usage.outputTokens ?? 0,
): Amounts => {
  const isWhole = outputTokens === (row.usage.outputTokens ?? 0)
  const usage = isWhole ? row.usage : { ...row.usage, outputTokens }
  const isOwn = isWhole && model.model === row.model
  const settlement =
    row.chargeNanoUsd !== undefined && isOwn
      ? { usage, chargeNanoUsd: row.chargeNanoUsd }
      : { usage }
  const tier = row.serviceTier === undefined ? {} : { serviceTier: row.serviceTier }
  const cost = costOfSettlement(settlement, { ...model, ...tier }, policy, prices, row.atMs)
  if ("unpriced" in cost) throw new RequestFailed("unknown-model", cost.unpriced)
  return { ...cost, requests: row.calls ?? 1 }
}

/** How a row is held: by its model's worst case, or, where nothing but a charge is known, by that. */
export const askedBy = (
  row: ReplayRow,
  policy: Policy,
  prices: Prices | undefined,
): { readonly request: CallRequest; readonly estimate: Estimate } => {
  const request = requestOf(row)
  const { subject, expiresInMs = LIFE_MORE_MS } = request
  if (row.calls === undefined || row.calls === 1) {
    try {
      return { request, estimate: estimate(request, policy, prices, row.atMs) }
    } catch (error) {
      if (!(error instanceof RequestFailed) || row.chargeNanoUsd === undefined) throw error
    }
  }
  const amounts =
    row.chargeNanoUsd === undefined
      ? usedBy(row, policy, prices)
      : { usd: row.chargeNanoUsd, tokens: tokensOf(row.usage), requests: row.calls ?? 1 }
  const fixed = { subject, expiresInMs, amounts }
  return { request: fixed, estimate: estimate(fixed, policy, prices, row.atMs) }
}
