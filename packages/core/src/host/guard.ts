import type { Admitted, Decision, Refused, Settled } from "../engine/decision.ts"
import type { CallRequest, Settlement } from "../engine/request.ts"

/** What a guarded call answers: the caller's value, and what it did cost. */
export type Guarded<Value> =
  | (Refused & { readonly value?: undefined })
  | { readonly allowed: true; readonly value: Value; readonly settled: Settled }

/** How a guard judges a call that fails. */
export interface GuardOptions {
  /** Whether an error proves that the call cost nothing. Default: its `status` is from 400 to 499. */
  readonly isFree?: (error: unknown) => boolean
}

/**
 * Reserves, runs the call with its grant, settles what it says it used: exactly one settle or release,
 * whatever happens. A refusal is a value; the call's own error is thrown on after the hold was counted
 * whole, or released where the error proves that it was free. An SDK that retries inside `call` makes
 * several billed calls under one hold: set its `maxRetries` to 0.
 *
 * @throws the call's own error; RequestFailed where the request or the settlement is at fault
 */
export const guard = async <Value>(
  engine: { readonly reserve: (request: CallRequest) => Promise<Decision> },
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
    const isFree = isFreeOf(options)(error)
    await ended(() => (isFree ? decision.release() : decision.assume()))
    throw error
  }
  try {
    const settled = await decision.settle({ ...answer, final: true })
    return { allowed: true, value: answer.value, settled }
  } catch (error) {
    await ended(() => decision.assume())
    throw error
  }
}

/** Whether an error proves that a call cost nothing; a judge that throws proves nothing. */
export const isFreeOf =
  (options: GuardOptions): ((error: unknown) => boolean) =>
  (error) => {
    try {
      return (options.isFree ?? is4xx)(error)
    } catch {
      return false
    }
  }

/** The error on its way is the one that the caller must see; the hold was ended, or expires as spent. */
const ended = async (end: () => Promise<unknown>): Promise<void> => {
  try {
    await end()
  } catch {
    return
  }
}

const is4xx = (error: unknown): boolean => {
  const status =
    typeof error === "object" && error !== null && "status" in error ? error.status : undefined
  return typeof status === "number" && status >= 400 && status < 500
}
