import type { Shape } from "../route.ts"
import { readAnthropic } from "./anthropic.ts"
import { readGemini, searchesOf } from "./gemini.ts"
import { readOpenAi } from "./openai.ts"
import { type Json, list, own, record, type UsageAnswer } from "./read.ts"

/** Puts a usage together from the events of a stream: the last word of each field is the right one. */
export class UsageStream {
  readonly #shape: Shape
  #last: UsageAnswer = null
  #message: Json = {}
  #searches = 0
  #isFinal = false

  constructor(shape: Shape) {
    this.#shape = shape
  }

  /** One event's data as it came. Anything that is not JSON is passed over. Never throws. */
  push(data: string): void {
    if (MAY_TELL[this.#shape].test(data)) this.take(parse(data))
  }

  /** One event's data, parsed. Never throws. */
  take(event: unknown): void {
    const body = record(event)
    if (body === null) return
    switch (this.#shape) {
      case "openai-chat":
      case "openai-embeddings":
        this.#keep(readOpenAi(body), isLastChunk(body))
        break
      case "openai-responses":
        this.#keep(readOpenAi(own(body, "response")), ENDS.has(own(body, "type")))
        break
      case "gemini":
        this.#gemini(body)
        break
      case "anthropic-messages":
        this.#anthropic(body)
        break
    }
  }

  /** The stream came to its end by itself: what it said last of the whole is final, if it said so of itself or not. */
  end(): void {
    if (this.#shape === "anthropic-messages" || this.#shape === "openai-responses") return
    this.#isFinal = this.#last !== null
  }

  /** What the stream told: final where the provider said that this is all. */
  get answer(): { readonly read: UsageAnswer; readonly isFinal: boolean } {
    return { read: this.#last, isFinal: this.#isFinal }
  }

  #keep(read: UsageAnswer, isFinal: boolean): void {
    if (read === null) return
    this.#last = read
    this.#isFinal = isFinal
  }

  /** Each chunk has the usage so far; the searches may stand in another chunk than the last. */
  #gemini(body: Json): void {
    const model = own(body, "modelVersion")
    const name = typeof model === "string" ? model : undefined
    this.#searches = Math.max(this.#searches, searchesOf(body, name))
    const read = readGemini(body)
    const isSearched = read !== null && "usage" in read && this.#searches > 0
    this.#keep(
      isSearched ? { ...read, usage: { ...read.usage, webSearches: this.#searches } } : read,
      list(own(body, "candidates")).some((one) => own(one, "finishReason") != null) ||
        own(own(body, "promptFeedback"), "blockReason") != null,
    )
  }

  /** `message_start` opens the usage, each `message_delta` replaces the fields that it names. */
  #anthropic(body: Json): void {
    const type = own(body, "type")
    if (type === "message_start") this.#message = record(own(body, "message")) ?? {}
    else if (type === "message_delta") {
      const told = Object.entries(record(own(body, "usage")) ?? {})
      const usage = Object.fromEntries([
        ...Object.entries(record(own(this.#message, "usage")) ?? {}),
        ...told.filter(([, value]) => value !== null),
      ])
      this.#message = { ...this.#message, usage }
    } else return
    const isFinal = type === "message_delta" && own(own(body, "usage"), "output_tokens") != null
    this.#keep(readAnthropic(this.#message), isFinal)
  }
}

/** A usage beside text that goes on is of the call so far; without choices, or with their end, it is of all. */
const isLastChunk = (body: Json): boolean => {
  const choices = list(own(body, "choices"))
  return choices.length === 0 || choices.some((one) => own(one, "finish_reason") != null)
}

const ENDS = new Set<unknown>([
  "response.completed",
  "response.incomplete",
  "response.failed",
  "response.cancelled",
])

/** A first look at an event, or at several, without parsing: most are text and tell nothing. */
export const MAY_TELL: Readonly<Record<Shape, RegExp>> = {
  "openai-chat": /"usage"\s*:\s*\{/,
  "openai-embeddings": /"usage"\s*:\s*\{/,
  "openai-responses": /"usage"\s*:\s*\{/,
  "anthropic-messages": /"message_start"|"message_delta"/,
  gemini: /"usageMetadata"|"webSearchQueries"/,
}

const parse = (data: string): unknown => {
  try {
    return JSON.parse(data)
  } catch {
    return null
  }
}
