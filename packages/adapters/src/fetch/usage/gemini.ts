import { answer, Counts, type Json, list, own, record, textOf, type UsageAnswer } from "./read.ts"

/**
 * Gemini's `usageMetadata`: cached content is included in the prompt and taken out; thoughts are billed as
 * output and come on top of the candidates; a tool's prompt is input. What the total has beyond them is output.
 *
 * Source: the Gemini API reference, objects "UsageMetadata" and "GroundingMetadata" (read 2026-11).
 */
export const readGemini = (body: unknown): UsageAnswer => {
  const whole = record(body)
  const usage = record(own(whole, "usageMetadata"))
  if (whole === null || usage === null) return null
  if (own(usage, "promptTokenCount") == null && own(usage, "totalTokenCount") == null) return null
  const counts = new Counts()
  counts.only(usage, KNOWN)
  const prompt = counts.of(usage, "promptTokenCount")
  const tool = counts.of(usage, "toolUsePromptTokenCount")
  const model = textOf(own(whole, "modelVersion"))
  return answer(
    counts,
    {
      ...inputOf(counts, usage, prompt, tool),
      ...outputOf(counts, usage, prompt + tool),
      webSearches: searchesOf(whole, model),
    },
    { model, serviceTier: textOf(own(usage, "serviceTier") ?? own(usage, "trafficType")) },
  )
}

/** Until Gemini 2 a grounded prompt is billed, since Gemini 3 each of its searches ("Pricing", read 2026-11). */
export const searchesOf = (body: unknown, model: string | undefined): number => {
  let searches = 0
  for (const candidate of list(own(body, "candidates")))
    searches += list(own(own(candidate, "groundingMetadata"), "webSearchQueries")).length
  return searches > 0 && /gemini-[12]\b/.test(model ?? "") ? 1 : searches
}

const KNOWN = new Set(
  "promptTokenCount cachedContentTokenCount candidatesTokenCount toolUsePromptTokenCount thoughtsTokenCount totalTokenCount".split(
    " ",
  ),
)

const inputOf = (counts: Counts, usage: Json, prompt: number, tool: number) => {
  const cached = counts.of(usage, "cachedContentTokenCount")
  const fresh = counts.rest(prompt, "promptTokenCount", cached)
  const inPrompt = mediaOf(counts, usage, "promptTokensDetails")
  const inCache = mediaOf(counts, usage, "cacheTokensDetails")
  const byTool = mediaOf(counts, usage, "toolUsePromptTokensDetails")
  const heard = Math.min(inPrompt.audio, Math.max(inCache.audio, inPrompt.audio - fresh))
  const audio = inPrompt.audio - heard
  const seen = Math.min(inPrompt.video, Math.max(inCache.video, inPrompt.video - fresh + audio))
  const video = inPrompt.video - seen
  return {
    inputTokens:
      counts.rest(fresh, "promptTokenCount", audio, video) +
      counts.rest(tool, "toolUsePromptTokenCount", byTool.audio, byTool.video),
    cacheReadTokens: counts.rest(cached, "cachedContentTokenCount", heard),
    audioInputTokens: audio + byTool.audio,
    audioCacheReadTokens: heard,
    videoInputTokens: video + byTool.video,
  }
}

const outputOf = (counts: Counts, usage: Json, input: number) => {
  const candidates = counts.of(usage, "candidatesTokenCount")
  const thoughts = counts.of(usage, "thoughtsTokenCount")
  const more = counts.of(usage, "totalTokenCount") - input - candidates - thoughts
  const { audio, image, video } = mediaOf(counts, usage, "candidatesTokensDetails")
  const text = counts.rest(candidates, "candidatesTokenCount", audio, image, video)
  return {
    outputTokens: text + thoughts + Math.max(0, more),
    audioOutputTokens: audio,
    imageOutputTokens: image,
    videoOutputTokens: video,
  }
}

/** Input pictures and documents are billed as text is, and stay with it. */
const mediaOf = (counts: Counts, usage: Json, name: string) => {
  const media = { audio: 0, image: 0, video: 0 }
  for (const detail of list(own(usage, name))) {
    const tokens = counts.of(detail, "tokenCount")
    const modality = own(detail, "modality")
    if (modality === "AUDIO") media.audio += tokens
    else if (modality === "IMAGE") media.image += tokens
    else if (modality === "VIDEO") media.video += tokens
    else if (tokens > 0 && !AS_TEXT.has(modality)) counts.note(`${name}.${String(modality)}`)
  }
  return media
}

const AS_TEXT = new Set<unknown>(["TEXT", "DOCUMENT", "MODALITY_UNSPECIFIED", undefined])
