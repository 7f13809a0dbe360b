/** One event of a stream of server-sent events: its name and its data. */
export interface SseEvent {
  readonly event: string
  readonly data: string
}

/** Characters of one event's data: a response with pictures in it comes as one event. */
const EVENT_MAX = 64 * 1_048_576

/**
 * Cuts a stream of bytes into events, however they are split; never throws. An event beyond 64 Mi characters is
 * dropped and counted in `dropped`.
 */
export class SseParser {
  /** Events that were too long to keep. */
  dropped = 0
  readonly #eventMax: number
  readonly #decoder = new TextDecoder("utf-8")
  #line = ""
  #lineLength = 0
  #lastWasCr = false
  #event = ""
  #data: string[] = []
  #length = 0

  /** @param eventMax the longest event that is kept, in characters */
  constructor(eventMax: number = EVENT_MAX) {
    this.#eventMax = eventMax
  }

  /** Events that end within these bytes. */
  push(bytes: Uint8Array): readonly SseEvent[] {
    return this.#take(this.#decoder.decode(bytes, { stream: true }))
  }

  /** The event that the end of the stream cut off, where it has data. */
  end(): readonly SseEvent[] {
    const events = [...this.#take(`${this.#decoder.decode()}\n`)]
    const last = this.#dispatch()
    return last === null ? events : [...events, last]
  }

  #take(text: string): readonly SseEvent[] {
    const events: SseEvent[] = []
    let from = this.#lastWasCr && text.startsWith("\n") ? 1 : 0
    if (text !== "") this.#lastWasCr = false
    // Each is searched for only once per line end, so that a long text is not read again and again.
    let lf = text.indexOf("\n", from)
    let cr = text.indexOf("\r", from)
    while (lf >= 0 || cr >= 0) {
      const isCr = cr >= 0 && (lf < 0 || cr < lf)
      const end = isCr ? cr : lf
      this.#grow(text.slice(from, end))
      const event = this.#endLine()
      if (event !== null) events.push(event)
      from = end + 1
      if (isCr && lf === from) from += 1
      else if (isCr && from === text.length) this.#lastWasCr = true
      if (lf >= 0 && lf < from) lf = text.indexOf("\n", from)
      if (cr >= 0 && cr < from) cr = text.indexOf("\r", from)
    }
    this.#grow(text.slice(from))
    return events
  }

  /** Of an event that is too long nothing is kept, but where its lines end. */
  #grow(text: string): void {
    this.#length += text.length
    this.#lineLength += text.length
    if (this.#length <= this.#eventMax) this.#line += text
    else {
      this.#line = ""
      this.#data = []
    }
  }

  #endLine(): SseEvent | null {
    const line = this.#line
    const isBlank = this.#lineLength === 0
    this.#line = ""
    this.#lineLength = 0
    if (isBlank) return this.#dispatch()
    const colon = line.indexOf(":")
    if (colon === 0) return null
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? "" : line.slice(colon + (line[colon + 1] === " " ? 2 : 1))
    if (field === "data") this.#data.push(value)
    else if (field === "event") this.#event = value
    return null
  }

  #dispatch(): SseEvent | null {
    if (this.#length > this.#eventMax) this.dropped += 1
    const event = { event: this.#event, data: this.#data.join("\n") }
    const hasData = this.#data.length > 0
    this.#clear()
    return hasData ? event : null
  }

  #clear(): void {
    this.#event = ""
    this.#data = []
    this.#length = 0
  }
}
