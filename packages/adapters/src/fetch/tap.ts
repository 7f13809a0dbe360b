/** How a body came to its end; `dropped`: nobody can read it any more. */
export type Ending = "finished" | "cancelled" | "failed" | "dropped"

export interface TapOptions {
  /**
   * Sees each chunk as it passes; what it answers is handed on in its place, nothing where it is empty. It
   * must keep copies only: a chunk handed on is gone.
   */
  readonly onChunk: (chunk: Uint8Array) => Uint8Array
  /** What is left to hand on when the body has finished. */
  readonly onFlush?: () => Uint8Array
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
  const reader = body.getReader()
  const drop = (): void => {
    end("dropped")
    void reader.cancel().catch(() => undefined)
  }
  const end = once((ending) => {
    dropped?.unregister(drop)
    options.onEnd(ending)
  })
  const source: UnderlyingByteSource = {
    type: "bytes",
    start(controller) {
      // Weak: what the connection holds must not keep a dropped body from being collected.
      const weak = new WeakRef(controller)
      reader.closed.catch((error: unknown) => {
        end("failed")
        weak.deref()?.error(error)
      })
    },
    pull: (controller) => pass(reader, controller, options, end),
    cancel(reason) {
      end("cancelled")
      return reader.cancel(reason)
    },
  }
  const tapped = new ReadableStream(source) as ReadableStream<Uint8Array>
  dropped?.register(tapped, drop, drop)
  return tapped
}

/** Hands on one chunk, or the end; more chunks are read only while nothing of them is shown. */
const pass = async (
  reader: ReadableStreamDefaultReader<Uint8Array>,
  controller: ReadableByteStreamController,
  { onChunk, onFlush }: TapOptions,
  end: (ending: Ending) => void,
): Promise<void> => {
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) {
        if (onFlush !== undefined) enqueue(controller, onFlush())
        end("finished")
        controller.close()
        controller.byobRequest?.respond(0)
        return
      }
      if (enqueue(controller, onChunk(value)) > 0) return
    }
  } catch (error) {
    end("failed")
    controller.error(error)
  }
}

/** A byte stream takes the whole buffer over: a part of one that others share must be a copy. */
const enqueue = (controller: ReadableByteStreamController, chunk: Uint8Array): number => {
  if (chunk.byteLength === 0) return 0
  const whole = chunk.byteLength === chunk.buffer.byteLength
  controller.enqueue((whole ? chunk : new Uint8Array(chunk)) as Uint8Array<ArrayBuffer>)
  return chunk.byteLength
}

const once = (onEnd: (ending: Ending) => void): ((ending: Ending) => void) => {
  let ended = false
  return (ending) => {
    if (ended) return
    ended = true
    onEnd(ending)
  }
}

const dropped =
  typeof FinalizationRegistry === "function"
    ? new FinalizationRegistry((drop: () => void) => drop())
    : undefined
