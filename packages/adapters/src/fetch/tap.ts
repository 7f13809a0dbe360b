/** How a body came to its end; `cut`: by `isCut`; `dropped`: nobody can read it any more. */
export type Ending = "finished" | "cut" | "cancelled" | "failed" | "dropped"

export interface TapOptions {
  /**
   * Sees each chunk as it passes; what it answers is handed on in its place, nothing where it is empty. It
   * must keep copies only: a chunk handed on is gone.
   */
  readonly onChunk: (chunk: Uint8Array) => Uint8Array | Promise<Uint8Array>
  /** What is left to hand on when the body has finished or was cut; each is a chunk of its own. */
  readonly onFlush?: () => readonly Uint8Array[] | Promise<readonly Uint8Array[]>
  /** Asked after each chunk: the rest of the body is given up. */
  readonly isCut?: () => boolean
  /** Given what gives the body up between two chunks; `isCut` must say so by then. */
  readonly onOpen?: (giveUp: () => void) => void
  /** Called exactly once, however the body ends. */
  readonly onEnd: (ending: Ending) => void
}

/**
 * A body that is watched as the caller reads it: nothing is read ahead, nothing is kept back. Its end is
 * heard even where nobody reads: an abort or a reset at once, a body that was dropped when it is collected.
 */
export const tap = (
  body: ReadableStream<Uint8Array>,
  options: TapOptions,
): ReadableStream<Uint8Array> => {
  const source = new Tap(body, options)
  const tapped = new ReadableStream(source) as ReadableStream<Uint8Array>
  dropped?.register(tapped, source, source)
  return tapped
}

class Tap implements UnderlyingByteSource {
  readonly type = "bytes"
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #options: TapOptions
  #ended = false

  constructor(body: ReadableStream<Uint8Array>, options: TapOptions) {
    this.#reader = body.getReader()
    this.#options = options
    options.onOpen?.(() => this.#giveUp())
  }

  start(controller: ReadableByteStreamController): void {
    // Weak: what the connection holds must not keep a dropped body from being collected.
    const weak = new WeakRef(controller)
    this.#reader.closed.catch((error: unknown) => {
      this.#end("failed")
      weak.deref()?.error(error)
    })
  }

  /** Hands on one chunk, or the end; more chunks are read only while nothing of them is shown. */
  async pull(controller: ReadableByteStreamController): Promise<void> {
    const { onChunk, isCut } = this.#options
    try {
      for (;;) {
        const { done, value } = await this.#reader.read()
        if (done) return await this.#finish(controller)
        const passed = onChunk(value)
        const shown = passed instanceof Promise ? await passed : passed
        const isLast = isCut?.() === true
        if (isLast) this.#giveUp()
        const length = enqueue(controller, shown)
        if (isLast) return await this.#finish(controller)
        if (length > 0) return
      }
    } catch (error) {
      this.#end("failed")
      controller.error(error)
    }
  }

  cancel(reason: unknown): Promise<void> {
    this.#end("cancelled")
    return this.#reader.cancel(reason)
  }

  drop(): void {
    this.#end("dropped")
    this.#giveUp()
  }

  /** Whoever waits for the next chunk is told that there is none. */
  #giveUp(): void {
    this.#reader.cancel().catch(() => undefined)
  }

  async #finish(controller: ReadableByteStreamController): Promise<void> {
    const { onFlush, isCut } = this.#options
    if (onFlush !== undefined) for (const chunk of await onFlush()) enqueue(controller, chunk)
    this.#end(isCut?.() === true ? "cut" : "finished")
    controller.close()
    controller.byobRequest?.respond(0)
  }

  #end(ending: Ending): void {
    if (this.#ended) return
    this.#ended = true
    dropped?.unregister(this)
    this.#options.onEnd(ending)
  }
}

/** A byte stream takes the whole buffer over: a part of one that others share must be a copy. */
const enqueue = (controller: ReadableByteStreamController, chunk: Uint8Array): number => {
  if (chunk.byteLength === 0) return 0
  const whole = chunk.byteLength === chunk.buffer.byteLength
  controller.enqueue((whole ? chunk : new Uint8Array(chunk)) as Uint8Array<ArrayBuffer>)
  return chunk.byteLength
}

const dropped =
  typeof FinalizationRegistry === "function"
    ? new FinalizationRegistry((source: Tap) => source.drop())
    : undefined
