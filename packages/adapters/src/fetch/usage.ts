import type { Shape } from "./route.ts"
import { readAnthropic } from "./usage/anthropic.ts"
import { readGemini } from "./usage/gemini.ts"
import { readOpenAi } from "./usage/openai.ts"
import type { UsageAnswer, UsageRead } from "./usage/read.ts"
import { SseParser } from "./usage/sse.ts"
import { UsageStream } from "./usage/stream.ts"

export type { UsageAnswer, UsageRead } from "./usage/read.ts"
export { UsageStream } from "./usage/stream.ts"

/** Reads the usage of a whole body, by its shape. Never throws; null where there is none. */
export const readUsage = (shape: Shape, body: unknown): UsageAnswer => READERS[shape](body)

const READERS: Readonly<Record<Shape, (body: unknown) => UsageAnswer>> = {
  "openai-chat": readOpenAi,
  "openai-responses": readOpenAi,
  "openai-embeddings": readOpenAi,
  "anthropic-messages": readAnthropic,
  gemini: readGemini,
}

/**
 * Reads the usage of a body's text: JSON, Gemini's array of answers, or a stream of events that has come to its
 * end. Never throws; null where there is none.
 */
export const readUsageText = (shape: Shape, text: string): UsageAnswer => {
  const stream = new UsageStream(shape)
  if (/^[\s\uFEFF]*[[{]/.test(text)) {
    const body = parse(text)
    if (!Array.isArray(body)) return readUsage(shape, body)
    for (const part of body) stream.take(part)
  } else {
    const parser = new SseParser()
    const events = [...parser.push(new TextEncoder().encode(text)), ...parser.end()]
    for (const { data } of events) stream.push(data)
  }
  stream.end()
  const { read, isFinal } = stream.answer
  return isFinal ? read : null
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

export const isRead = (answer: UsageAnswer): answer is UsageRead =>
  answer !== null && "usage" in answer
