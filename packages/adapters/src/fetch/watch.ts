import type { Admitted } from "@spendfuse/core"
import { type Cut, EventCutter } from "./cutter.ts"
import { UsageHider } from "./hideUsage.ts"
import { type OpenCall, unknown } from "./openCall.ts"
import type { Shape } from "./route.ts"
import { type WatchSlicesOptions, watchSlices } from "./slices/watchSlices.ts"
import { type Ending, tap } from "./tap.ts"
import { TextOf } from "./textOf.ts"
import { SseParser } from "./usage/sse.ts"
import { MAY_TELL } from "./usage/stream.ts"
import { isRead, readUsage, type UsageAnswer, type UsageRead, UsageStream } from "./usage.ts"

export interface WatchOptions {
  readonly shape: Shape
  readonly call: OpenCall
  /** The request asked for a stream: what is not named JSON is read as one. */
  readonly stream: boolean
  /** The final usage was asked for by us: the caller must not see it. */
  readonly hidesUsage: boolean
  /** Where less than the whole limit is held; null where all of it is. */
  readonly sliced: Pick<WatchSlicesOptions, "slicing" | "errorOf"> | null
}

/** Longer bodies and events are passed on, and not read: the call counts whole. Bytes. */
const READ_MAX = 64 * 1_048_576
/** A longer event is not held back to see whether it must be hidden; OpenAI's are some hundred bytes. */
const HELD_BACK_MAX = 1_048_576

/**
 * The response as it is, settled when its body has been read, cancelled or dropped, or has failed: once.
 * A body that its caller cuts off before its final usage counts whole.
 */
export const watch = (response: Response, options: WatchOptions): Response => {
  if (response.body === null) {
    void options.call.settle(unknown)
    return response
  }
  const kind = response.headers.get("content-type")?.toLowerCase() ?? ""
  const isEvents =
    kind.startsWith("text/event-stream") || (options.stream && !kind.includes("json"))
  const { sliced, call } = options
  if (sliced !== null && !isEvents) void holdWhole(call.decision)
  const body = !isEvents
    ? watchJson(response.body, options)
    : sliced === null
      ? watchEvents(response.body, options)
      : watchSlices(response.body, { ...options, ...sliced })
  return new WatchedResponse(body, response)
}

/** A stream was asked for and none came: there is nothing to cut. What it has cost is counted all the same. */
const holdWhole = async (decision: Admitted): Promise<void> => {
  const rest = (decision.maxOutputTokens ?? 0) - decision.heldTokens
  await decision.extend({ least: rest, most: rest }).catch(() => undefined)
}

/** A response with another body and all else of the one that it is like: its URL too, and its clones'. */
class WatchedResponse extends Response {
  readonly #like: Response

  constructor(body: ReadableStream<Uint8Array>, like: Response) {
    super(body, like)
    this.#like = like
  }

  override get url(): string {
    return this.#like.url
  }

  override get redirected(): boolean {
    return this.#like.redirected
  }

  override get type(): ResponseType {
    return this.#like.type
  }

  override clone(): Response {
    const { body } = super.clone()
    return body === null ? super.clone() : new WatchedResponse(body, this.#like)
  }
}

const watchJson = (
  body: ReadableStream<Uint8Array>,
  { shape, call }: WatchOptions,
): ReadableStream<Uint8Array> => {
  const text = new TextOf(READ_MAX)
  return tap(body, {
    onChunk: (chunk) => {
      call.heard()
      text.push(chunk)
      return chunk
    },
    onEnd: (ending) => {
      void call.settle(ending === "finished" ? () => usageOf(shape, text.end()) : unknown)
    },
  })
}

/** The usage of a whole body; Gemini's streams without `alt=sse` are an array, whose last word is the right one. */
const usageOf = (shape: Shape, text: string | null): UsageRead | null => {
  if (text === null) return null
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return null
  }
  if (!Array.isArray(body)) return readOf(readUsage(shape, body))
  const stream = new UsageStream(shape)
  for (const part of body) stream.take(part)
  return readOf(stream.answer.read)
}

const readOf = (answer: UsageAnswer): UsageRead | null => (isRead(answer) ? answer : null)

const watchEvents = (
  body: ReadableStream<Uint8Array>,
  { shape, call, hidesUsage }: WatchOptions,
): ReadableStream<Uint8Array> => {
  const cutter = new EventCutter(hidesUsage ? HELD_BACK_MAX : READ_MAX)
  const reader = new EventReader(shape)
  const hider = hidesUsage ? new UsageHider() : null
  return tap(body, {
    onChunk: (chunk) => {
      call.heard()
      const cut = cutter.push(chunk)
      reader.read(cut)
      return hider === null ? chunk : hider.shown(cut)
    },
    onFlush: () => {
      const cut = cutter.take()
      reader.read(cut)
      return hider === null ? NOTHING : [hider.shown(cut)]
    },
    onEnd: (ending) => void call.settle(() => reader.answer(ending)),
  })
}

const NOTHING: readonly Uint8Array[] = []

/** Reads the usage from the events that may tell it; most are text, and are not looked into. */
class EventReader {
  readonly #parser = new SseParser()
  readonly #shape: Shape
  readonly #usage: UsageStream

  constructor(shape: Shape) {
    this.#shape = shape
    this.#usage = new UsageStream(shape)
  }

  read({ whole, text }: Cut): void {
    if (!MAY_TELL[this.#shape].test(text)) return
    for (const { data } of this.#parser.push(whole)) this.#usage.push(data)
  }

  answer(ending: Ending): UsageRead | null {
    if (ending === "finished") {
      for (const { data } of this.#parser.end()) this.#usage.push(data)
      this.#usage.end()
    }
    const { read, isFinal } = this.#usage.answer
    return isFinal ? readOf(read) : null
  }
}
