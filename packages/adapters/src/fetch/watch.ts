import type { Admitted } from "@spendfuse/core"
import { UsageHider } from "./hideUsage.ts"
import type { Shape } from "./route.ts"
import { type Ending, tap } from "./tap.ts"
import { SseParser } from "./usage/sse.ts"
import { isRead, readUsage, type UsageAnswer, UsageStream } from "./usage.ts"

export interface WatchOptions {
  readonly shape: Shape
  readonly decision: Admitted
  /** The final usage was asked for by us: the caller must not see it. */
  readonly hidesUsage: boolean
  readonly track: (settling: Promise<unknown>) => void
}

const BODY_MAX = 64 * 1_048_576

/** The response as it is, settled when its body has been read, cancelled, or has failed: once. */
export const watch = (response: Response, options: WatchOptions): Response => {
  if (response.body === null) {
    options.track(options.decision.assume())
    return response
  }
  const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") === true
  const body = isStream ? watchEvents(response.body, options) : watchJson(response.body, options)
  const watched = new Response(body, {
    status: response.status,
    statusText: response.statusText,
    headers: response.headers,
  })
  for (const name of ["url", "redirected", "type"] as const)
    Object.defineProperty(watched, name, { value: response[name] })
  return watched
}

const watchJson = (
  body: ReadableStream<Uint8Array>,
  options: WatchOptions,
): ReadableStream<Uint8Array> => {
  const chunks: Uint8Array[] = []
  let size = 0
  return tap(body, {
    onChunk: (chunk) => {
      size += chunk.length
      if (size <= BODY_MAX) chunks.push(chunk)
      else chunks.length = 0
      return chunk
    },
    onEnd: (ending) => {
      const read = ending === "finished" ? readUsage(options.shape, parse(chunks)) : null
      options.track(settle(options.decision, read))
    },
  })
}

const watchEvents = (
  body: ReadableStream<Uint8Array>,
  { shape, decision, hidesUsage, track }: WatchOptions,
): ReadableStream<Uint8Array> => {
  const parser = new SseParser()
  const usage = new UsageStream(shape)
  const hider = hidesUsage ? new UsageHider() : null
  return tap(body, {
    onChunk: (chunk) => {
      for (const { data } of parser.push(chunk)) usage.push(data)
      return hider === null ? chunk : hider.push(chunk)
    },
    onFlush: () => hider?.flush() ?? [],
    onEnd: (ending: Ending) => {
      if (ending === "finished") for (const { data } of parser.end()) usage.push(data)
      const { read, isFinal } = usage.answer
      track(settle(decision, isFinal ? read : null))
    },
  })
}

/** What is known is settled; where nothing is, the whole hold counts as spent. */
const settle = (decision: Admitted, read: UsageAnswer): Promise<unknown> =>
  isRead(read) ? decision.settle(read) : decision.assume()

const parse = (chunks: readonly Uint8Array[]): unknown => {
  const decoder = new TextDecoder()
  let text = ""
  for (const chunk of chunks) text += decoder.decode(chunk, { stream: true })
  try {
    return JSON.parse(text + decoder.decode())
  } catch {
    return null
  }
}
