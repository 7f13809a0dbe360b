import type { Settlement, Usage } from "@spendfuse/core"
import { inputOf, NAMED_INPUT } from "../fetch/inputBound.ts"
import { count, type Seen } from "../fetch/seen.ts"
import { type Asked, admit, type Guard, made } from "./call.ts"
import { utf8Length } from "./media.ts"
import type { ImageMiddleware, ImageParams, ImageResult, NamedModel } from "./models.ts"
import { listedAs, shapeOf } from "./naming.ts"

/** By tokens as the price list has it, or by what the host says that a call costs. */
export const imageMiddleware = (guard: Guard): ImageMiddleware => ({
  specificationVersion: "v3",
  wrapGenerate: async ({ doGenerate, params, model }) => {
    const { n, size } = params
    const amounts = guard.options.imageCost?.({ model, n, size }) ?? null
    const asked =
      amounts === null
        ? byTokens(guard, model, params)
        : { ...listedAs(guard.options, model), amounts }
    const open = await admit(guard, model, params, asked)
    const answer = await made(guard, open, doGenerate)
    await open.settle(() => (amounts === null ? usedBy(answer, params) : { amounts }))
    return answer
  },
})

/** No limit can be sent, so none is shrunk: all of it must be there. */
const byTokens = ({ options }: Guard, model: NamedModel, params: ImageParams): Asked => {
  const listed = listedAs(options, model)
  const tokens = params.n * IMAGE_OUTPUT_TOKENS
  return {
    ...listed,
    inputTokens: inputOf({
      shape: shapeOf(listed),
      model: listed.model,
      bytes:
        utf8Length(params.prompt ?? "") + utf8Length(JSON.stringify(params.providerOptions) ?? ""),
      seen: { ...NOTHING_SEEN, images: picturesOf(params) },
      rounds: 0,
      named: { ...NAMED_INPUT, ...options.namedInput },
    }),
    images: true,
    maxOutputTokens: tokens,
    minOutputTokens: tokens,
  }
}

/** One picture, by OpenAI's dearest (gpt-image-1, high, 6,240; "Image generation", read 2026-11), rounded up. */
const IMAGE_OUTPUT_TOKENS = 10_000

const NOTHING_SEEN: Seen = {
  images: 0,
  mediaBytes: 0,
  isStored: false,
  audio: false,
  searches: 0,
  openSearches: 0,
  openRounds: 0,
  callsMost: undefined,
  hasTools: false,
  serverTools: 0,
  compacts: false,
}

const picturesOf = ({ files, mask }: ImageParams): number =>
  (files?.length ?? 0) + (mask == null ? 0 : 1)

/** The SDK does not say which of the input was text: beside pictures, all of it counts as pixels, which cost more. */
const usedBy = ({ usage }: ImageResult, params: ImageParams): Settlement | null => {
  const input = count(usage?.inputTokens)
  const output = count(usage?.outputTokens)
  if (input === undefined || output === undefined) return null
  const used: Usage =
    picturesOf(params) > 0
      ? { imageInputTokens: input, imageOutputTokens: output }
      : { inputTokens: input, imageOutputTokens: output }
  return { usage: used }
}
