import type { Usage } from "@spendfuse/core"
import type { Shape } from "./route.ts"
import { readAnthropic } from "./usage/anthropic.ts"
import { readGemini } from "./usage/gemini.ts"
import { readOpenAi } from "./usage/openai.ts"
import { type Json, own, record, type UsageAnswer, type UsageRead } from "./usage/read.ts"

export type { UsageAnswer, UsageRead } from "./usage/read.ts"

/** Reads the usage of a whole body, by its shape. Never throws; null where there is none. */
export const readUsage = (shape: Shape, body: unknown): UsageAnswer => READERS[shape](body)

const READERS: Readonly<Record<Shape, (body: unknown) => UsageAnswer>> = {
  "openai-chat": readOpenAi,
  "openai-responses": readOpenAi,
  "openai-embeddings": readOpenAi,
  "anthropic-messages": readAnthropic,
  gemini: readGemini,
}

/** Puts a usage together from the events of a stream: the last word of each field is the right one. */
export class UsageStream {
  readonly #shape: Shape
  #last: UsageAnswer = null
  #message: Json = {}
  #isFinal = false

  constructor(shape: Shape) {
    this.#shape = shape
  }

  /** One event's data as it came. Anything that is not JSON is passed over. */
  push(data: string): void {
    if (!MAY_TELL[this.#shape].test(data)) return
    const body = parse(data)
    if (body === null) return
    switch (this.#shape) {
      case "openai-chat":
      case "openai-embeddings":
        this.#keep(readOpenAi(body), true)
        break
      case "openai-responses":
        this.#keep(readOpenAi(own(body, "response")), true)
        break
      case "gemini":
        this.#keep(readGemini(body), true)
        break
      case "anthropic-messages":
        this.#anthropic(body)
        break
    }
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

  /** `message_start` opens the usage, each `message_delta` replaces the fields that it names. */
  #anthropic(body: Json): void {
    const type = own(body, "type")
    if (type === "message_start") this.#message = record(own(body, "message")) ?? {}
    else if (type === "message_delta") {
      const usage = { ...record(own(this.#message, "usage")) }
      for (const [name, value] of Object.entries(record(own(body, "usage")) ?? {}))
        if (value !== null) usage[name] = value
      this.#message = { ...this.#message, usage }
    } else return
    this.#keep(readAnthropic(this.#message), type === "message_delta")
  }
}

/** A first look without parsing: most events of a stream are text and tell nothing. */
const MAY_TELL: Readonly<Record<Shape, RegExp>> = {
  "openai-chat": /"usage"\s*:\s*\{/,
  "openai-embeddings": /"usage"\s*:\s*\{/,
  "openai-responses": /"usage"\s*:\s*\{/,
  "anthropic-messages": /"message_start"|"message_delta"/,
  gemini: /"usageMetadata"/,
}

const parse = (data: string): Json | null => {
  try {
    return record(JSON.parse(data))
  } catch {
    return null
  }
}

/** All output tokens of a usage. */
export const outputOf = (usage: Usage): number =>
  (usage.outputTokens ?? 0) + (usage.audioOutputTokens ?? 0) + (usage.imageOutputTokens ?? 0)

export const isRead = (answer: UsageAnswer): answer is UsageRead =>
  answer !== null && "usage" in answer
