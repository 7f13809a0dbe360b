import { answer, Counts, type Json, own, record, textOf, type UsageAnswer } from "./read.ts"

/**
 * OpenAI's `usage`, of chat completions, embeddings, images and responses alike. Cached and audio tokens are
 * included in the totals and taken out of them here; reasoning is part of the output.
 *
 * Source: the API reference, objects "CompletionUsage" and "ResponseUsage" (read 2026-11).
 */
export const readOpenAi = (body: unknown): UsageAnswer => {
  const whole = record(body)
  const usage = record(own(whole, "usage"))
  if (whole === null || usage === null) return null
  const counts = new Counts()
  const named =
    own(usage, "input_tokens") === undefined
      ? ([
          "prompt_tokens",
          "prompt_tokens_details",
          "completion_tokens",
          "completion_tokens_details",
        ] as const)
      : ([
          "input_tokens",
          "input_tokens_details",
          "output_tokens",
          "output_tokens_details",
        ] as const)
  const [inputName, inputDetails, outputName, outputDetails] = named
  const input = counts.of(usage, inputName)
  const output = counts.of(usage, outputName)
  const cached = counts.of(usage, inputDetails, "cached_tokens")
  const audio = counts.of(usage, inputDetails, "audio_tokens")
  const image =
    own(record(own(usage, inputDetails)), "text_tokens") === undefined
      ? 0
      : counts.of(usage, inputDetails, "image_tokens")
  const cachedAudio = counts.of(usage, inputDetails, "cached_tokens_details", "audio_tokens")
  const audioOutput = counts.of(usage, outputDetails, "audio_tokens")
  return answer(
    counts,
    {
      inputTokens: counts.rest(input, inputName, cached, audio - cachedAudio, image),
      cacheReadTokens: cached - cachedAudio,
      audioInputTokens: Math.max(0, audio - cachedAudio),
      audioCacheReadTokens: cachedAudio,
      imageInputTokens: image,
      outputTokens: counts.rest(output, outputName, audioOutput),
      audioOutputTokens: audioOutput,
      webSearches: searchesOf(whole),
    },
    {
      model: textOf(own(whole, "model")),
      serviceTier: textOf(own(whole, "service_tier")),
      chargeNanoUsd: chargeOf(usage),
    },
  )
}

/** Each web search call of a response is billed. */
const searchesOf = (whole: Json): number => {
  const output = own(whole, "output")
  return Array.isArray(output)
    ? output.filter((item) => own(item, "type") === "web_search_call").length
    : 0
}

/** OpenRouter and others report what they charged, in USD; a fraction below the nano is rounded up. */
const chargeOf = (usage: Json): number | undefined => {
  const cost = own(usage, "cost")
  if (typeof cost !== "number" || !Number.isFinite(cost) || cost < 0 || cost > 9_000_000)
    return undefined
  const [whole = "0", fraction = ""] = cost.toFixed(12).split(".")
  return Number((BigInt(whole + fraction) + 999n) / 1000n)
}
