import { type Cut, EventCutter, eventsOf } from "../cutter.ts"
import { UsageHider } from "../hideUsage.ts"
import type { OpenCall } from "../openCall.ts"
import type { Shape } from "../route.ts"
import { tap } from "../tap.ts"
import type { Json } from "../usage/read.ts"
import { SseParser } from "../usage/sse.ts"
import { isRead, type UsageRead, UsageStream } from "../usage.ts"
import type { Closing } from "./closing/closing.ts"
import { closingOf } from "./closings.ts"
import { type Cause, SliceMeter } from "./sliceMeter.ts"
import type { Slicing } from "./slicing.ts"
import { Writing } from "./writing.ts"

export interface WatchSlicesOptions {
  readonly shape: Shape
  readonly call: OpenCall
  readonly slicing: Slicing
  readonly hidesUsage: boolean
  /** The error of a stream that is cut, as the provider would say it. */
  readonly errorOf: (cause: Cause) => Json
}

/**
 * A stream of events that is held in slices: whole events alone are handed on, each counted before. Where more
 * is refused, its body is given up at once, and ends as its provider ends one that is too long.
 */
export const watchSlices = (
  body: ReadableStream<Uint8Array>,
  options: WatchSlicesOptions,
): ReadableStream<Uint8Array> => {
  const { call, hidesUsage } = options
  const cutter = new EventCutter(EVENT_MAX)
  const hider = hidesUsage ? new UsageHider() : null
  const shown = (cut: Cut): Uint8Array => (hider === null ? cut.whole : hider.shown(cut))
  let stop: () => void = () => undefined
  const stream = new SlicedStream(options, () => {
    stop()
    void call.settle(() => stream.spent(false))
  })
  return tap(body, {
    onOpen: (end) => {
      stop = end
    },
    onChunk: (chunk) => {
      call.heard()
      const passed = stream.pass(cutter.push(chunk))
      return passed instanceof Promise ? passed.then(shown) : shown(passed)
    },
    isCut: () => stream.isCut,
    onFlush: async () => {
      if (stream.isCut) return stream.closing()
      const last = shown(await stream.pass(cutter.take()))
      return stream.isCut ? [last, ...stream.closing()] : [last]
    },
    onEnd: (ending) => void call.settle(() => stream.spent(ending === "finished")),
  })
}

/** A longer event is counted byte for byte, in parts. */
const EVENT_MAX = 1_048_576

/** Events on their way, with what they write, what they tell, and how they would be closed. */
class SlicedStream {
  readonly #options: WatchSlicesOptions
  readonly #meter: SliceMeter
  readonly #writing: Writing
  readonly #closing: Closing
  readonly #usage: UsageStream
  readonly #parser = new SseParser()

  constructor(options: WatchSlicesOptions, onStop: () => void) {
    const { shape, call, slicing } = options
    this.#options = options
    this.#meter = new SliceMeter(call.decision, slicing, onStop)
    this.#writing = new Writing(shape, slicing.tokensOf)
    this.#closing = closingOf(shape)
    this.#usage = new UsageStream(shape)
  }

  get isCut(): boolean {
    return this.#meter.cause !== null
  }

  /** As many of these whole events as may pass, from the first. */
  pass(cut: Cut): Cut | Promise<Cut> {
    return cut.text === "" ? cut : this.#passFrom(cut, eventsOf(cut.text), { at: 0, from: 0 })
  }

  /** What the caller gets in the place of the rest. */
  closing(): readonly Uint8Array[] {
    const { cause } = this.#meter
    if (cause === null) return []
    const { slicing, errorOf } = this.#options
    const events = this.#closing.end(this.#meter.counted).map(({ event, data }) => {
      const name = event === undefined ? "" : `event: ${event}\n`
      return `${name}data: ${JSON.stringify(data)}\n\n`
    })
    const last =
      slicing.cutAs === "error" ? this.#closing.error(errorOf(cause)) : this.#closing.done
    return [events.join(""), last].filter((part) => part !== "").map((part) => encoder.encode(part))
  }

  /**
   * What the call has cost. Cut off before its final usage, it is what the provider told of the input and all
   * that is held for the output; nobody knows more. Null: the whole hold.
   */
  spent(isFinished: boolean): UsageRead | null {
    if (isFinished && !this.isCut) {
      for (const { data } of this.#parser.end()) this.#usage.push(data)
      this.#usage.end()
    }
    const { read, isFinal } = this.#usage.answer
    if (!isRead(read)) return null
    if (isFinal) return read
    const outputTokens = Math.max(read.usage.outputTokens ?? 0, this.#meter.held)
    return { ...read, usage: { ...read.usage, outputTokens } }
  }

  #passFrom(
    cut: Cut,
    events: readonly string[],
    { at, from }: { readonly at: number; readonly from: number },
  ): Cut | Promise<Cut> {
    let next = at
    let end = from
    for (; next < events.length; next += 1) {
      const length = events[next]?.length ?? 0
      const event = this.#read(cut.whole.subarray(end, end + length), events[next] ?? "")
      const admitted = this.#meter.admit(event.tokens)
      const start = end
      const here = next
      if (admitted instanceof Promise)
        return admitted.then((passes) => {
          if (!passes) return partOf(cut, start)
          this.#passed(event)
          return this.#passFrom(cut, events, { at: here + 1, from: start + length })
        })
      if (!admitted) return partOf(cut, start)
      this.#passed(event)
      end += length
    }
    return cut
  }

  #passed({ bodies }: Read): void {
    for (const body of bodies) this.#closing.take(body)
  }

  /** What an event writes; what it tells is taken at once, whether it passes or not. */
  #read(bytes: Uint8Array, text: string): Read {
    const bodies: Json[] = []
    let tokens = BLANK.test(text) ? 0 : text.length
    for (const { data } of this.#parser.push(bytes)) {
      if (data === "[DONE]") continue
      const body = parsed(data)
      if (body === null) tokens += data.length
      else {
        tokens += this.#writing.of(body)
        bodies.push(body)
      }
    }
    for (const body of bodies) this.#usage.take(body)
    const { read } = this.#usage.answer
    if (isRead(read)) this.#meter.tell(outputOf(read))
    return { tokens, bodies }
  }
}

interface Read {
  readonly tokens: number
  readonly bodies: readonly Json[]
}

const BLANK = /(?:\n\n|\r\r|\n\r\n)$|\r\r\n$/

const partOf = ({ whole, text }: Cut, end: number): Cut => ({
  whole: whole.subarray(0, end),
  text: text.slice(0, end),
})

const outputOf = ({ usage }: UsageRead): number =>
  (usage.outputTokens ?? 0) + (usage.audioOutputTokens ?? 0) + (usage.imageOutputTokens ?? 0)

const parsed = (data: string): Json | null => {
  try {
    const value: unknown = JSON.parse(data)
    return typeof value === "object" && value !== null ? (value as Json) : null
  } catch {
    return null
  }
}

const encoder = new TextEncoder()
