import type { Line } from "../domain/command.ts"
import type { Policy } from "../domain/policy.ts"
import type { Decision, Refused } from "./decision.ts"
import { RequestFailed } from "./errors.ts"
import type { Notice } from "./notice.ts"
import type { CallRequest } from "./request.ts"
import type { RuledPlan } from "./rules.ts"
import { sleep } from "./timers.ts"

/** What a chain of fallbacks needs of the engine. */
export interface FallsBack {
  readonly policy: Policy
  readonly options: { readonly onNotice: (notice: Notice) => void }
  decide(request: CallRequest): Decision | Promise<Decision>
  planOf(request: CallRequest): RuledPlan
}

/** Walks the policy's fallbacks after a refusal; each is a request of its own, at its own price. */
export const fallBack = async (
  engine: FallsBack,
  request: CallRequest,
  first: Refused,
): Promise<Decision> => {
  let refused = first
  const { policy } = engine
  const plan = engine.planOf(request)
  let name = degradedTo(first, plan.lines) ?? plan.fallback ?? policy.onRefused
  while (name !== null) {
    const fallback = policy.fallbacks.get(name)
    if (fallback === undefined) return refused
    if (fallback.kind === "answer")
      return { ...refused, fallback: { kind: "answer", name, text: fallback.text } }
    if (fallback.kind === "custom") return { ...refused, fallback: { kind: "custom", name } }
    if (fallback.kind === "wait") await pause(refused, fallback.forMs, request.signal)
    const next = fallback.kind === "wait" ? request : { ...request, ...pick(fallback), via: name }
    const decided = await tryNext(engine, next, name)
    if (decided?.allowed === true) return decided
    refused = decided ?? refused
    name = fallback.next ?? null
  }
  return refused
}

/**
 * The fallback that the highest reached degrade tier of a refusal names, whatever else refuses there: where
 * the dear model no longer fits, the cheap one may. Null where none stands.
 */
export const degradedTo = (
  refused: Pick<Refused, "obstacles">,
  lines: readonly Line[],
): string | null => {
  for (const obstacle of refused.obstacles) {
    if (obstacle.kind !== "line") continue
    const line = lines.find(({ account }) => account === obstacle.account)
    const reached = line?.terms.tiers.filter(
      (tier) => tier.degrade !== null && obstacle.settled >= tier.at,
    )
    const name = reached?.at(-1)?.degrade?.[0]
    if (name !== undefined) return name
  }
  return null
}

/** A fallback whose model has no price is passed over: the refusal stands, and is not made a fault. */
const tryNext = async (
  engine: FallsBack,
  request: CallRequest,
  name: string,
): Promise<Decision | null> => {
  try {
    return await engine.decide(request)
  } catch (error) {
    if (!(error instanceof RequestFailed) || error.error !== "unknown-model") throw error
    const message = `fallback \`${name}\` was passed over: ${error.message}`
    engine.options.onNotice({ kind: "warning", message })
    return null
  }
}

const pause = async (
  refused: Refused,
  forMs: number,
  signal: AbortSignal | undefined,
): Promise<void> => {
  const { retryAfterMs } = refused
  if (retryAfterMs !== null && retryAfterMs <= forMs) await sleep(retryAfterMs, signal)
}

/** The request that a fallback asks instead: its model, its provider where it names one. */
const pick = (fallback: {
  readonly model: string
  readonly provider?: string
}): Pick<CallRequest, "model" | "provider"> => ({
  model: fallback.model,
  ...(fallback.provider !== undefined && { provider: fallback.provider }),
})
