import {
  type CallRequest,
  type Decision,
  type Refused,
  RequestFailed,
  type Spendfuse,
} from "@spendfuse/core"
import { type OpenCall, type OpenCalls, unknown } from "../fetch/openCall.ts"
import { isFreeError } from "./freeError.ts"
import type { CallParams, NamedModel } from "./models.ts"
import type { AiSdkGuardOptions } from "./options.ts"
import { SpendRefused } from "./spendRefused.ts"

/** What all calls of a guard share. */
export interface Guard {
  readonly spendfuse: Spendfuse
  readonly options: AiSdkGuardOptions
  readonly calls: OpenCalls
}

/** What a call asks for, but for who pays and how long it may wait. */
export type Asked = Omit<CallRequest, "subject" | "waitMs" | "signal">

/**
 * Asks whether the money is there.
 *
 * @throws what the engine throws, the host's own error of `subject`, or the reason of an abort
 */
export const decide = async (
  guard: Guard,
  model: NamedModel,
  params: CallParams,
  asked: Asked,
): Promise<OpenCall | Refused> => {
  const { options, calls } = guard
  const signal = params.abortSignal
  signal?.throwIfAborted()
  const request = {
    ...asked,
    ...(options.waitMs !== undefined && { waitMs: options.waitMs }),
    ...(signal !== undefined && { signal }),
  }
  const decision = await reserve(guard, model, params, request)
  if (!decision.allowed) return decision
  const open = calls.add(decision)
  if (signal?.aborted === true) await open.release()
  signal?.throwIfAborted()
  return open
}

/** The same where there is no way out of a refusal. @throws SpendRefused */
export const admit = async (
  guard: Guard,
  model: NamedModel,
  params: CallParams,
  asked: Asked,
): Promise<OpenCall> => {
  const open = await decide(guard, model, params, asked)
  if ("allowed" in open) throw refusal(guard, open)
  await sameModel(open, model, asked)
  return open
}

export const refusal = ({ spendfuse }: Guard, refused: Refused): SpendRefused =>
  new SpendRefused(refused, spendfuse.explain(refused))

/** Makes an admitted call. One that fails is released where that proves it free, else it counts whole. */
export const made = async <Answer>(
  { options }: Guard,
  open: OpenCall,
  make: () => PromiseLike<Answer>,
): Promise<Answer> => {
  try {
    const answer = await make()
    open.heard()
    return answer
  } catch (error) {
    if (isFree(options, error)) await open.release()
    else await open.settle(unknown)
    throw error
  }
}

/** A judge that throws proves nothing. */
const isFree = (options: AiSdkGuardOptions, error: unknown): boolean => {
  try {
    return (options.isFree ?? isFreeError)(error)
  } catch {
    return false
  }
}

const reserve = async (
  { spendfuse, options }: Guard,
  model: NamedModel,
  { providerOptions }: CallParams,
  request: Omit<CallRequest, "subject">,
): Promise<Decision> => {
  const { subject = {}, session, isFinal } = options
  if (session === undefined) {
    const told = typeof subject === "function" ? subject({ model, providerOptions }) : subject
    return spendfuse.reserve({ ...request, subject: await told })
  }
  const current = typeof session === "function" ? session() : session
  if (current === undefined)
    throw new RequestFailed(
      "invalid-command",
      "the call was made outside of a session; use `session.run`",
    )
  return current.reserve(request, { isFinal: isFinal ?? false })
}

/** Vectors of another model are no use, and a picture of another is not what was asked for. */
const sameModel = async (open: OpenCall, model: NamedModel, asked: Asked): Promise<void> => {
  const { decision } = open
  if (decision.via === null || decision.model === asked.model) return
  await open.release()
  throw new RequestFailed(
    "unknown-model",
    `fallback \`${decision.via}\` names another model than \`${model.modelId}\`; for embeddings and images make it \`custom\``,
  )
}
