import type { Admitted, Refused } from "@spendfuse/core"
import type { Asked } from "../asked.ts"
import { cutError } from "../respond.ts"
import { isInSight } from "./inSight.ts"
import type { WatchSlicesOptions } from "./watchSlices.ts"

/** What watches a stream of which less is held than it may write. */
export const slicedBy = (
  { context, route, slicing }: Asked,
  decision: Admitted,
): Pick<WatchSlicesOptions, "slicing" | "errorOf"> | null => {
  if (slicing === null || decision.heldTokens >= (decision.maxOutputTokens ?? 0)) return null
  const { spendfuse, options, onError } = context
  return {
    slicing,
    errorOf: (cause) => {
      if (!("fault" in cause))
        return cutError(route.shape, cause, spendfuse.explain(cause), options.statusOf)
      onError(cause.fault)
      return cutError(route.shape, null, "nothing could decide about more of it", undefined)
    },
  }
}

/** A fallback's model may write what no event shows: then it is held whole, or refused. */
export const heldForFallback = async (
  { context, route, body, slicing }: Asked,
  decision: Admitted,
): Promise<Refused | null> => {
  const { via, model, maxOutputTokens, heldTokens } = decision
  if (slicing === null || via === null || context.options.stream?.unseenTokens !== undefined)
    return null
  const rest = (maxOutputTokens ?? 0) - heldTokens
  if (rest <= 0 || isInSight(route.shape, model ?? "", body)) return null
  const extended = await decision.extend({ least: rest, most: rest })
  if (extended.allowed) return null
  await context.calls.add(decision).release()
  return extended
}
