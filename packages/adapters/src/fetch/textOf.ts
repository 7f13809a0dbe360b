/** The text of a body that comes in chunks, as long as it is not too long. */
export class TextOf {
  readonly #bytesMax: number
  #decoder: TextDecoder | null = null
  #text: string | null = ""
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  push(chunk: Uint8Array): void {
    this.#bytes += chunk.byteLength
    if (this.#text === null || this.#bytes > this.#bytesMax) this.#text = null
    else {
      this.#decoder ??= new TextDecoder()
      this.#text += this.#decoder.decode(chunk, { stream: true })
    }
  }

  /** Null where there was more than may be kept. */
  end(): string | null {
    return this.#text === null ? null : this.#text + (this.#decoder?.decode() ?? "")
  }
}
