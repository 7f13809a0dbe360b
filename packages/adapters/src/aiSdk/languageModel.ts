import { type Admitted, RequestFailed } from "@spendfuse/core"
import { inputOf, NAMED_INPUT } from "../fetch/inputBound.ts"
import type { OpenCall } from "../fetch/openCall.ts"
import { text } from "../fetch/seen.ts"
import { type Asked, decide, type Guard, made, refusal } from "./call.ts"
import { cannedResult, cannedStream } from "./canned.ts"
import type {
  GenerateResult,
  LanguageMiddleware,
  LanguageModel,
  LanguageParams,
  NamedModel,
  StreamResult,
} from "./models.ts"
import { type Listed, listedAs, shapeOf } from "./naming.ts"
import type { AiSdkGuardOptions } from "./options.ts"
import { addedTokens } from "./outputLimit.ts"
import { PartsRead } from "./partsRead.ts"
import { optionsOf, type Written, writtenOf } from "./promptBound.ts"
import { watchParts } from "./watchParts.ts"

export const languageMiddleware = (guard: Guard): LanguageMiddleware => ({
  specificationVersion: "v3",
  wrapGenerate: async ({ params, model }) => {
    const granted = await grant(guard, model, params)
    if ("canned" in granted) return cannedResult(granted.canned)
    const { open, called, sent } = granted
    const answer = await made(guard, open, () => called.doGenerate(sent))
    const read = new PartsRead(params.tools)
    for (const part of answer.content) read.take(part)
    read.end(answer)
    await open.settle(() => read.settlement(called))
    return answer
  },
  wrapStream: async ({ params, model }) => {
    const granted = await grant(guard, model, params)
    if ("canned" in granted) return cannedStream(granted.canned)
    const { open, called, sent } = granted
    const answer = await made(guard, open, () => called.doStream(sent))
    const read = new PartsRead(params.tools)
    const stream = watchParts(answer.stream, {
      onPart: (part) => {
        open.heard()
        read.take(part)
        if (read.isOver) void open.settle(() => read.settlement(called))
      },
      onEnd: () => void open.settle(() => read.settlement(called)),
    })
    return { ...answer, stream }
  },
})

type Granted<Params, Model> =
  | { readonly canned: string }
  | { readonly open: OpenCall; readonly called: Model; readonly sent: Params }

/** @throws SpendRefused where there is no money and no way out */
const grant = async <
  Params extends LanguageParams,
  Generated extends GenerateResult,
  Streamed extends StreamResult,
>(
  guard: Guard,
  model: LanguageModel<Params, Generated, Streamed>,
  params: Params,
): Promise<Granted<Params, LanguageModel<Params, Generated, Streamed>>> => {
  const added = addedTokens(model, params)
  const open = await decide(guard, model, params, askedOf(guard, model, params, added))
  if ("allowed" in open) {
    if (open.fallback?.kind === "answer") return { canned: open.fallback.text }
    throw refusal(guard, open)
  }
  const { decision } = open
  try {
    const called = calledModel(guard, model, decision)
    return { open, called, sent: { ...params, maxOutputTokens: limitOf(decision, called, params) } }
  } catch (error) {
    await open.release()
    throw error
  }
}

const askedOf = (
  { spendfuse, options }: Guard,
  model: NamedModel,
  params: LanguageParams,
  added: number,
): Asked => {
  const listed = listedAs(options, model)
  const written = writtenOf(params, listed.model)
  const { seen } = written
  const told = params.maxOutputTokens ?? (added > 0 ? spendfuse.policy.maxOutputTokens : null)
  const serviceTier = tierOf(params)
  const bounds = [model, ...Object.values(options.models ?? {})].map((one) =>
    inputFor(options, listedAs(options, one), written),
  )
  return {
    ...listed,
    // Whichever model a fallback takes, its input is held by then.
    inputTokens: Math.max(...bounds),
    searches: searchesOf(options, written).searches,
    audio: seen.audio,
    images: seen.images > 0,
    ...(told !== null && { maxOutputTokens: told + added }),
    ...(added > 0 && { minOutputTokens: added + Math.max(1, spendfuse.policy.minOutputTokens) }),
    ...(serviceTier !== undefined && { serviceTier }),
  }
}

const inputFor = (options: AiSdkGuardOptions, listed: Listed, written: Written): number => {
  const { bytes, seen } = written
  const { rounds, named } = searchesOf(options, written)
  return inputOf({ shape: shapeOf(listed), model: listed.model, bytes, seen, rounds, named })
}

/** How often a tool of the provider's may be called, and the model read on. */
const searchesOf = ({ namedInput }: AiSdkGuardOptions, { seen }: Written) => {
  const named = { ...NAMED_INPUT, ...namedInput }
  const most = seen.callsMost ?? Number.MAX_SAFE_INTEGER
  const searches = Math.min(most, seen.searches + seen.openSearches * named.searches)
  const rounds = Math.min(most, searches + (seen.openRounds > 0 ? named.searches : 0))
  return { searches, rounds, named }
}

/** The tiers that are dearer than the standard one: a cheaper one may be answered at standard rates. */
const tierOf = ({ providerOptions }: LanguageParams): string | undefined => {
  const tiers = optionsOf(providerOptions).flatMap(({ serviceTier, speed, inferenceGeo }) => [
    ...(/priority$|^fast$/i.test(text(serviceTier) ?? "") ? ["priority"] : []),
    ...(speed === "fast" ? ["fast"] : []),
    ...(inferenceGeo === "us" ? ["us"] : []),
  ])
  return tiers.length === 0 ? undefined : tiers.join("+")
}

/** What was granted, less what the package of the model that is called adds to it; never above the call's own limit. */
const limitOf = (granted: Admitted, called: NamedModel, params: LanguageParams): number => {
  const added = addedTokens(called, params)
  const limit = (granted.maxOutputTokens ?? 0) - added
  if (limit > 0) return Math.min(limit, params.maxOutputTokens ?? limit)
  throw new RequestFailed(
    "invalid-command",
    `the budget of what is thought, \`${added}\` tokens, leaves nothing for the answer; raise \`maxOutputTokens\``,
  )
}

/** A fallback's model comes from the host: only it knows how to make one. */
const calledModel = <Model extends NamedModel>(
  { options }: Guard,
  model: Model,
  { via, model: name = "", provider = "" }: Admitted,
): Model => {
  const own = listedAs(options, model)
  if (via === null || (name === own.model && provider === own.provider)) return model
  const { models = {} } = options
  const keys = [`${provider}/${name}`, name].filter((key) => Object.hasOwn(models, key))
  const found = keys.map((key) => models[key]).find((one) => one !== undefined)
  if (found === undefined)
    throw new RequestFailed(
      "unknown-model",
      `fallback \`${via}\` names model \`${provider}/${name}\`, which \`models\` does not hold; add it`,
    )
  if (
    found.specificationVersion !== model.specificationVersion ||
    listedAs(options, found).provider !== provider
  )
    throw new RequestFailed(
      "unknown-model",
      `the model \`${name}\` of \`models\` is of another specification or provider than fallback \`${via}\` asks for; make it by the same major of the SDK`,
    )
  // Of the same specification, so it takes the same parameters and answers alike.
  return found as Model
}
