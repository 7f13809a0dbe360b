import type { Admitted, Refused, Settled } from "../engine/decision.ts"
import type { Engine } from "../engine/engine.ts"
import type { CallRequest, Settlement } from "../engine/request.ts"

/** What a guarded call answers: the caller's value, and what it did cost. */
export type Guarded<Value> =
  | (Refused & { readonly value?: undefined })
  | { readonly allowed: true; readonly value: Value; readonly settled: Settled }

export interface GuardOptions {
  /** Whether an error proves that the call cost nothing. Default: its `status` is from 400 to 499. */
  readonly isFree?: (error: unknown) => boolean
}

/**
 * Reserves, runs the call with its grant, settles what it says it used: exactly one settle or release,
 * whatever happens. A refusal is a value; the call's own error is thrown on after the hold was counted
 * whole, or released where the error proves that it was free.
 */
export const guard = async <Value>(
  engine: Engine,
  request: CallRequest,
  call: (granted: Admitted) => Promise<{ readonly value: Value } & Settlement>,
  options: GuardOptions,
): Promise<Guarded<Value>> => {
  const decision = await engine.reserve(request)
  if (!decision.allowed) return decision
  let answer: { readonly value: Value } & Settlement
  try {
    answer = await call(decision)
  } catch (error) {
    const isFree = options.isFree ?? is4xx
    if (isFree(error)) await decision.release()
    else await decision.assume()
    throw error
  }
  const { value, ...settlement } = answer
  const settled = await decision.settle({ ...settlement, final: true })
  return { allowed: true, value, settled }
}

const is4xx = (error: unknown): boolean => {
  const status =
    typeof error === "object" && error !== null && "status" in error ? error.status : undefined
  return typeof status === "number" && status >= 400 && status < 500
}
