/** Bytes of a stream of server-sent events, cut where events end. */
export interface Cut {
  /** What was there and has become whole: nothing, or one event's first part with its end and all after it. */
  readonly whole: Uint8Array
  /** The same, one character for each byte. */
  readonly text: string
}

/**
 * Cuts chunks where events end (a blank line, in any of the three line endings), however they are split.
 * Works on bytes, so that nothing of them changes.
 */
export class EventCutter {
  readonly #lengthMax: number
  #parts: Uint8Array[] = []
  #length = 0
  #tail = ""

  /** An event longer than `lengthMax` bytes is not kept: what is there of it comes out as it is. */
  constructor(lengthMax: number) {
    this.#lengthMax = lengthMax
  }

  push(chunk: Uint8Array): Cut {
    const text = textOf(chunk)
    const end = lastEnd(this.#tail + text) - this.#tail.length
    if (end === text.length && this.#length === 0) return { whole: chunk, text }
    if (end <= 0) {
      this.#keep(chunk, text)
      return this.#length > this.#lengthMax ? this.take() : NOTHING
    }
    const whole = joined([...this.#parts, chunk.subarray(0, end)])
    this.#clear()
    this.#keep(chunk.subarray(end), text.slice(end))
    return { whole, text: textOf(whole) }
  }

  /** What is left at the end of the stream. */
  take(): Cut {
    const whole = joined(this.#parts)
    this.#clear()
    return { whole, text: textOf(whole) }
  }

  #keep(bytes: Uint8Array, text: string): void {
    if (bytes.byteLength === 0) return
    this.#parts.push(new Uint8Array(bytes))
    this.#length += bytes.byteLength
    this.#tail = (this.#tail + text).slice(-TAIL)
  }

  #clear(): void {
    this.#parts = []
    this.#length = 0
    this.#tail = ""
  }
}

/** The events of a text of whole events, each with its blank line. */
export const eventsOf = (text: string): readonly string[] => {
  if (text.includes("\r")) return text.split(EVENT_END)
  const events: string[] = []
  let from = 0
  for (let at = text.indexOf("\n\n"); at >= 0; at = text.indexOf("\n\n", from)) {
    events.push(text.slice(from, at + 2))
    from = at + 2
  }
  if (from < text.length) events.push(text.slice(from))
  return events
}

const EVENT_END = /(?<=\n\n|\n\r\n|\r\r\n|\r\r(?!\n))/
const TAIL = 2

/** After the last blank line; 0 where there is none. */
const lastEnd = (text: string): number => {
  if (text.endsWith("\n\n")) return text.length
  const lf = text.lastIndexOf("\n\n")
  const crlf = text.lastIndexOf("\n\r\n")
  const cr = text.lastIndexOf("\r\r")
  const crEnd = cr < 0 ? 0 : text[cr + 2] === "\n" ? cr + 3 : cr + 2
  return Math.max(lf < 0 ? 0 : lf + 2, crlf < 0 ? 0 : crlf + 3, crEnd)
}

const NOTHING: Cut = { whole: new Uint8Array(), text: "" }

const decoder = new TextDecoder("latin1")
const textOf = (bytes: Uint8Array): string => decoder.decode(bytes)

/** One array for all; the very part where it is the only one. */
export const joined = (parts: readonly Uint8Array[]): Uint8Array => {
  const [first] = parts
  if (parts.length === 1 && first !== undefined) return first
  const whole = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.byteLength
  }
  return whole
}
