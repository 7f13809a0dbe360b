import { chargeOf } from "./charge.ts"
import { answer, Counts, type Json, list, own, record, textOf, type UsageAnswer } from "./read.ts"

/**
 * OpenAI's `usage`, of chat completions, embeddings, images and responses alike, and of those who speak its
 * language. Cached, cache-written, audio and image tokens are included in the totals and taken out of them
 * here, each once; reasoning is output. Where the total is more than input and output, as with those who count
 * reasoning apart (xAI, Gemini), the rest is output.
 *
 * Sources: the API reference, objects "CompletionUsage", "ResponseUsage" and "ImageGenUsage" (read 2026-11).
 */
export const readOpenAi = (body: unknown): UsageAnswer => {
  const whole = record(body)
  const usage = record(own(whole, "usage")) ?? record(own(own(whole, "x_groq"), "usage"))
  if (whole === null || usage === null) return null
  const counts = new Counts()
  const charge = chargeOf(counts, usage)
  const names = own(usage, "input_tokens") == null ? CHAT : RESPONSES
  const isTold = [names.input, names.output, "total_tokens"].some(
    (name) => own(usage, name) != null,
  )
  if (!isTold && charge === undefined && counts.problem === null) return null
  counts.only(usage, KNOWN)
  return answer(
    counts,
    {
      ...inputOf(counts, usage, names),
      ...outputOf(counts, whole, usage, names),
      ...searchesOf(counts, whole),
    },
    {
      model: textOf(own(whole, "model")),
      serviceTier: textOf(own(whole, "service_tier") ?? own(usage, "service_tier")),
      charge,
    },
  )
}

const CHAT = {
  input: "prompt_tokens",
  inputDetails: "prompt_tokens_details",
  output: "completion_tokens",
  outputDetails: "completion_tokens_details",
} as const

const RESPONSES = {
  input: "input_tokens",
  inputDetails: "input_tokens_details",
  output: "output_tokens",
  outputDetails: "output_tokens_details",
} as const

type Names = typeof CHAT | typeof RESPONSES

/** The last three are DeepSeek's and Moonshot's; the time of a call is Groq's, and free. */
const KNOWN = new Set(
  "prompt_tokens completion_tokens input_tokens output_tokens total_tokens prompt_cache_hit_tokens prompt_cache_miss_tokens cached_tokens".split(
    " ",
  ),
)
const KNOWN_INPUT = new Set(
  "cached_tokens cache_write_tokens audio_tokens image_tokens text_tokens".split(" "),
)
const KNOWN_OUTPUT = new Set(
  "reasoning_tokens audio_tokens image_tokens text_tokens accepted_prediction_tokens rejected_prediction_tokens".split(
    " ",
  ),
)

const inputOf = (counts: Counts, usage: Json, names: Names) => {
  const details = own(usage, names.inputDetails)
  counts.only(details, KNOWN_INPUT)
  const input = counts.of(usage, names.input)
  const cached = Math.max(
    counts.of(usage, names.inputDetails, "cached_tokens"),
    counts.of(usage, "prompt_cache_hit_tokens"),
    counts.of(usage, "cached_tokens"),
  )
  const written = counts.of(usage, names.inputDetails, "cache_write_tokens")
  const fresh = counts.rest(input, names.input, cached, written)
  const audio = mediumOf(counts, usage, names.inputDetails, "audio_tokens", fresh)
  const image = mediumOf(counts, usage, names.inputDetails, "image_tokens", fresh - audio.fresh)
  return {
    inputTokens: counts.rest(fresh, names.input, audio.fresh, image.fresh),
    cacheReadTokens: counts.rest(cached, "cached_tokens", audio.cached, image.cached),
    cacheWriteTokens: written,
    audioInputTokens: audio.fresh,
    audioCacheReadTokens: audio.cached,
    imageInputTokens: image.fresh,
    imageCacheReadTokens: image.cached,
  }
}

/** How much of a medium was read from the cache: as it says, and at least what the fresh tokens cannot hold. */
const mediumOf = (counts: Counts, usage: Json, details: string, name: string, fresh: number) => {
  const all = counts.of(usage, details, name)
  const told = counts.of(usage, details, "cached_tokens_details", name)
  const cached = Math.min(all, Math.max(told, all - fresh))
  return { cached, fresh: all - cached }
}

const outputOf = (counts: Counts, whole: Json, usage: Json, names: Names) => {
  counts.only(own(usage, names.outputDetails), KNOWN_OUTPUT)
  const total = counts.of(usage, "total_tokens")
  const output = Math.max(counts.of(usage, names.output), total - counts.of(usage, names.input))
  const audio = counts.of(usage, names.outputDetails, "audio_tokens")
  const isPicture = own(whole, "created") !== undefined && own(whole, "object") === undefined
  const isSplit = own(own(usage, names.outputDetails), "image_tokens") != null
  const image =
    isPicture && !isSplit && Array.isArray(own(whole, "data"))
      ? output
      : counts.of(usage, names.outputDetails, "image_tokens")
  return {
    outputTokens: counts.rest(output, names.output, audio, image),
    audioOutputTokens: audio,
    imageOutputTokens: image,
  }
}

/** Each search of a response is billed, and a search model's answer is one; containers and pictures have no price here. */
const searchesOf = (counts: Counts, whole: Json) => {
  const isSearchModel =
    Array.isArray(own(whole, "choices")) && /-search-/.test(textOf(own(whole, "model")) ?? "")
  let webSearches = isSearchModel ? 1 : 0
  let fileSearches = 0
  for (const item of list(own(whole, "output"))) {
    const type = own(item, "type")
    const action = own(own(item, "action"), "type") ?? "search"
    if (type === "web_search_call" && action === "search") webSearches += 1
    else if (type === "file_search_call") fileSearches += 1
    else if (type === "code_interpreter_call" || type === "image_generation_call")
      counts.note(String(type))
  }
  return { webSearches, fileSearches }
}
