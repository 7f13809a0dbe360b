/** How a body came to its end. */
export type Ending = "finished" | "cancelled" | "failed"

export interface TapOptions {
  /** Sees each chunk as it passes; what it answers is handed on in its place, nothing where it is empty. */
  readonly onChunk: (chunk: Uint8Array) => Uint8Array | readonly Uint8Array[]
  /** What is left to hand on when the body has finished. */
  readonly onFlush?: () => readonly Uint8Array[]
  /** Called exactly once. */
  readonly onEnd: (ending: Ending) => void
}

/**
 * A body that is watched as the caller reads it: nothing is read ahead, nothing is kept back, and an abort
 * goes upstream at once.
 */
export const tap = (
  body: ReadableStream<Uint8Array>,
  { onChunk, onFlush, onEnd }: TapOptions,
): ReadableStream<Uint8Array> => {
  const reader = body.getReader()
  let ended = false
  const end = (ending: Ending): void => {
    if (ended) return
    ended = true
    onEnd(ending)
  }
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          for (;;) {
            const { done, value } = await reader.read()
            if (done) {
              for (const rest of onFlush?.() ?? []) controller.enqueue(rest)
              end("finished")
              controller.close()
              return
            }
            const passed = onChunk(value)
            if (passed instanceof Uint8Array) {
              controller.enqueue(passed)
              return
            }
            if (passed.length === 0) continue
            for (const chunk of passed) controller.enqueue(chunk)
            return
          }
        } catch (error) {
          end("failed")
          controller.error(error)
        }
      },
      cancel(reason) {
        end("cancelled")
        return reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}
