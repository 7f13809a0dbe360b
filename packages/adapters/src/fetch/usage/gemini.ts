import { answer, Counts, type Json, own, record, textOf, type UsageAnswer } from "./read.ts"

/**
 * Gemini's `usageMetadata`: cached content is included in the prompt and taken out; thoughts are billed as
 * output and come on top of the candidates; a tool's prompt is input.
 *
 * Source: the Gemini API reference, object "UsageMetadata" (read 2026-11).
 */
export const readGemini = (body: unknown): UsageAnswer => {
  const whole = record(body)
  const usage = record(own(whole, "usageMetadata"))
  if (whole === null || usage === null) return null
  const counts = new Counts()
  const prompt = counts.of(usage, "promptTokenCount")
  const cached = counts.of(usage, "cachedContentTokenCount")
  const audio = ofModality(counts, usage, "promptTokensDetails", "AUDIO")
  const cachedAudio = Math.min(audio, ofModality(counts, usage, "cacheTokensDetails", "AUDIO"))
  const candidates = counts.of(usage, "candidatesTokenCount")
  const imageOutput = ofModality(counts, usage, "candidatesTokensDetails", "IMAGE")
  const audioOutput = ofModality(counts, usage, "candidatesTokensDetails", "AUDIO")
  return answer(
    counts,
    {
      inputTokens:
        counts.rest(prompt, "promptTokenCount", cached, audio - cachedAudio) +
        counts.of(usage, "toolUsePromptTokenCount"),
      cacheReadTokens: counts.rest(cached, "cachedContentTokenCount", cachedAudio),
      audioInputTokens: audio - cachedAudio,
      audioCacheReadTokens: cachedAudio,
      outputTokens:
        counts.rest(candidates, "candidatesTokenCount", imageOutput, audioOutput) +
        counts.of(usage, "thoughtsTokenCount"),
      imageOutputTokens: imageOutput,
      audioOutputTokens: audioOutput,
    },
    { model: textOf(own(whole, "modelVersion")) },
  )
}

const ofModality = (counts: Counts, usage: Json, list: string, modality: string): number => {
  const details = own(usage, list)
  if (!Array.isArray(details)) return 0
  const found = details.find((detail) => own(detail, "modality") === modality)
  return counts.of(record(found), "tokenCount")
}
