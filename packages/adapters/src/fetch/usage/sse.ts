/** One event of a stream of server-sent events: its name and its data. */
export interface SseEvent {
  readonly event: string
  readonly data: string
}

const LINE_MAX = 1_048_576

/**
 * Cuts a stream of bytes into events, however they are split; never throws. A line beyond 1 MiB is dropped
 * and counted in `dropped`.
 */
export class SseParser {
  /** Lines that were too long to keep. */
  dropped = 0
  readonly #decoder = new TextDecoder("utf-8")
  #line = ""
  #skips = false
  #lastWasCr = false
  #event = ""
  #data: string[] = []

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
    let from = 0
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at)
      if (code !== 10 && code !== 13) {
        this.#lastWasCr = false
        continue
      }
      if (code === 10 && this.#lastWasCr) {
        this.#lastWasCr = false
        from = at + 1
        continue
      }
      this.#lastWasCr = code === 13
      this.#grow(text.slice(from, at))
      from = at + 1
      const event = this.#endLine()
      if (event !== null) events.push(event)
    }
    this.#grow(text.slice(from))
    return events
  }

  #grow(text: string): void {
    if (this.#skips) return
    if (this.#line.length + text.length > LINE_MAX) {
      this.dropped += 1
      this.#skips = true
      this.#line = ""
    } else this.#line += text
  }

  #endLine(): SseEvent | null {
    const line = this.#line
    const skipped = this.#skips
    this.#line = ""
    this.#skips = false
    if (skipped) return null
    if (line === "") return this.#dispatch()
    const colon = line.indexOf(":")
    if (colon === 0) return null
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? "" : line.slice(colon + (line[colon + 1] === " " ? 2 : 1))
    if (field === "data") this.#data.push(value)
    else if (field === "event") this.#event = value
    return null
  }

  #dispatch(): SseEvent | null {
    const event = { event: this.#event, data: this.#data.join("\n") }
    const hasData = this.#data.length > 0
    this.#event = ""
    this.#data = []
    return hasData ? event : null
  }
}
