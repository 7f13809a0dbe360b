import type { Units } from "../domain/command.ts"
import { isAmount } from "../domain/money.ts"
import type { Policy } from "../domain/policy.ts"
import { type Amounts, NOTHING } from "../domain/terms.ts"
import { USAGE_COMPONENTS, type Usage } from "../domain/usage.ts"
import type { Priced, PriceSource, Prices, WorstCase } from "../ports/Prices.ts"
import { RequestFailed } from "./errors.ts"
import type { CallRequest, Settlement } from "./request.ts"

/** What a call may cost: `base + n × perUnit` for n output tokens. */
export interface Estimate {
  readonly base: Amounts
  readonly perUnit: Amounts
  readonly units: Units
  /** The limit of its output where less is held to begin with; null where the whole limit is held. */
  readonly limitTokens: number | null
  readonly source: PriceSource | null
}

/**
 * The worst case of a request: input at its upper bound, output up to the request's own limit, else the
 * policy's, at the dearest rates that apply.
 *
 * @throws RequestFailed `unknown-model` where nothing bounds the price and the policy refuses that,
 *   `invalid-command` where a count is not one, or nothing bounds the input or the output
 */
export const estimate = (
  request: CallRequest,
  policy: Policy,
  prices: Prices | undefined,
  atMs: number,
): Estimate => {
  if (request.amounts !== undefined)
    return {
      base: oneCall(request.amounts),
      perUnit: NOTHING,
      units: NO_UNITS,
      limitTokens: null,
      source: null,
    }
  const choices = request.choices ?? 1
  const worst = worstCaseOf(request, policy, prices, atMs)
  if (request.inputTokens === undefined)
    throw new RequestFailed(
      "invalid-command",
      "nothing bounds the input; give `inputTokens` (UTF-8 bytes are a bound), or `amounts`",
    )
  const { units, limitTokens } = unitsOf(request, policy, prices, atMs)
  return {
    base: { usd: worst.baseNanoUsd, tokens: request.inputTokens, requests: 1 },
    perUnit: { usd: worst.perOutputTokenNanoUsd, tokens: choices, requests: 0 },
    units,
    limitTokens,
    source: worst.source,
  }
}

/** The output limit to send: what was granted, or the whole limit where a slice of it is held. */
export const outputLimitOf = ({
  asked: { estimate },
  granted,
}: {
  readonly asked: { readonly estimate: Estimate }
  readonly granted: number
}): number | null => (estimate.units.most === 0 ? null : (estimate.limitTokens ?? granted))

const NO_UNITS: Units = Object.freeze({ least: 0, most: 0 })

/** Amounts of one call: what is not named is nothing, and it is one request. */
const oneCall = ({ usd = 0, tokens = 0, requests = 1 }: Partial<Amounts>): Amounts => ({
  usd,
  tokens,
  requests,
})

/** What a settlement counts, or why it has no price. */
export const costOfSettlement = (
  settlement: Settlement,
  request: Pick<CallRequest, "model" | "provider" | "serviceTier">,
  policy: Policy,
  prices: Prices | undefined,
  atMs: number,
): Amounts | { readonly unpriced: string } => {
  if (settlement.amounts !== undefined) return oneCall(settlement.amounts)
  const usage = settlement.usage ?? {}
  const tokens = tokensOf(usage)
  if (settlement.chargeNanoUsd !== undefined)
    return { usd: settlement.chargeNanoUsd, tokens, requests: 1 }
  if (settlement.usage === undefined) return { unpriced: "it names neither usage nor a charge" }
  const usd = priceOf(settlement, request, policy, prices, atMs, usage)
  return typeof usd === "number" ? { usd, tokens, requests: 1 } : usd
}

/** All tokens of a usage. */
export const tokensOf = (usage: Usage): number => {
  let sum = 0
  for (const component of USAGE_COMPONENTS)
    if (component.endsWith("Tokens")) sum += usage[component] ?? 0
  return sum
}

type Bounded = Extract<WorstCase, { kind: "bounded" }>

const worstCaseOf = (
  request: CallRequest,
  policy: Policy,
  prices: Prices | undefined,
  atMs: number,
): Bounded => {
  const choices = request.choices ?? 1
  const inputTokens = request.inputTokens ?? 0
  if (request.model === undefined)
    throw new RequestFailed(
      "unknown-model",
      "the request names no model; give `model` or `amounts`",
    )
  const worst = prices?.worstCase(modelOf(request, request.model, atMs), {
    inputTokens,
    choices,
    audio: request.audio ?? false,
    images: request.images ?? false,
    imageCount: request.imageCount ?? 0,
    searches: request.searches ?? 0,
    hasOutput: request.maxOutputTokens !== 0,
  })
  if (worst?.kind === "bounded") return worst
  if (worst?.kind === "invalid-usage") throw new RequestFailed("invalid-command", worst.detail)
  const { unknownModel } = policy
  switch (unknownModel.kind) {
    case "refuse":
      throw new RequestFailed(
        "unknown-model",
        worst?.detail ?? `no prices are given for model \`${request.model}\``,
      )
    case "price":
      if ((request.searches ?? 0) + (request.imageCount ?? 0) > 0)
        throw new RequestFailed(
          "unknown-model",
          `${worst?.detail ?? "no prices are given"}; ${NOT_BY_TOKENS}`,
        )
      return {
        kind: "bounded",
        baseNanoUsd: shareUp(unknownModel.inputPerMillion, inputTokens),
        perOutputTokenNanoUsd: shareUp(unknownModel.outputPerMillion, choices),
        source: POLICY_SOURCE,
      }
    case "count-tokens-only":
      return { kind: "bounded", baseNanoUsd: 0, perOutputTokenNanoUsd: 0, source: POLICY_SOURCE }
  }
}

const unitsOf = (
  request: CallRequest,
  policy: Policy,
  prices: Prices | undefined,
  atMs: number,
): Pick<Estimate, "units" | "limitTokens"> => {
  const own = request.maxOutputTokens
  const known =
    request.model === undefined
      ? null
      : (prices?.maxOutputTokens(modelOf(request, request.model, atMs)) ?? null)
  const limit = own ?? smaller(policy.maxOutputTokens, known)
  if (limit === null)
    throw new RequestFailed(
      "invalid-command",
      "nothing bounds the output; set `maxOutputTokens` in the policy or in the request",
    )
  const most = Math.min(limit, request.sliceTokens ?? limit)
  const least = Math.min(most, request.minOutputTokens ?? policy.minOutputTokens)
  return { units: { least, most }, limitTokens: most < limit ? limit : null }
}

/**
 * By the name that the response gives, else by the one that the request gave; a rate of the host's own goes
 * before the list's, by whichever name it has one.
 */
const priceOf = (
  settlement: Settlement,
  request: Pick<CallRequest, "model" | "provider" | "serviceTier">,
  policy: Policy,
  prices: Prices | undefined,
  atMs: number,
  usage: Usage,
): number | { readonly unpriced: string } => {
  const serviceTier = settlement.serviceTier ?? request.serviceTier
  const told = { ...request, ...(serviceTier !== undefined && { serviceTier }) }
  let found: Priced | undefined
  for (const name of new Set([settlement.model, request.model])) {
    if (name === undefined) continue
    const priced = prices?.cost(modelOf(told, name, atMs), usage)
    if (priced === undefined) break
    if (priced.kind === "priced" && priced.source.kind === "override") return priced.nanoUsd
    if (found?.kind !== "priced") found = priced
  }
  if (found?.kind === "priced") return found.nanoUsd
  const detail = found?.detail ?? "no prices are given"
  if (found?.kind === "invalid-usage") return { unpriced: detail }
  const { unknownModel } = policy
  switch (unknownModel.kind) {
    case "refuse":
      return { unpriced: detail }
    case "price":
      return policyPrice(usage, unknownModel, detail)
    case "count-tokens-only":
      return 0
  }
}

/** The policy's price is of tokens: pieces have none, and are not free. */
const policyPrice = (
  usage: Usage,
  rates: { inputPerMillion: number; outputPerMillion: number },
  detail: string,
): number | { readonly unpriced: string } => {
  const { images = 0, webSearches = 0, fileSearches = 0 } = usage
  if (images + webSearches + fileSearches > 0) return { unpriced: `${detail}; ${NOT_BY_TOKENS}` }
  const { outputTokens = 0, audioOutputTokens = 0, imageOutputTokens = 0 } = usage
  const output =
    outputTokens + audioOutputTokens + imageOutputTokens + (usage.videoOutputTokens ?? 0)
  const input = tokensOf(usage) - output
  const nano =
    (BigInt(rates.inputPerMillion) * BigInt(input) +
      BigInt(rates.outputPerMillion) * BigInt(output) +
      999_999n) /
    1_000_000n
  return nano <= BigInt(Number.MAX_SAFE_INTEGER)
    ? Number(nano)
    : { unpriced: "the cost would pass 2^53 − 1 nano-USD" }
}

const NOT_BY_TOKENS = "the policy's price is for tokens, and says nothing of searches and images"
const POLICY_SOURCE: PriceSource = { kind: "policy", name: "unknownModel", asOf: null }

const modelOf = (
  request: Pick<CallRequest, "provider" | "serviceTier">,
  model: string,
  atMs: number,
) => ({
  model,
  atMs,
  ...(request.provider !== undefined && { provider: request.provider }),
  ...(request.serviceTier !== undefined && { serviceTier: request.serviceTier }),
})

const shareUp = (perMillion: number, count: number): number => {
  const nano = Number((BigInt(perMillion) * BigInt(count) + 999_999n) / 1_000_000n)
  if (isAmount(nano)) return nano
  throw new RequestFailed("invalid-command", "the cost would pass 2^53 − 1 nano-USD")
}

const smaller = (one: number | null, other: number | null): number | null =>
  one === null ? other : other === null ? one : Math.min(one, other)
