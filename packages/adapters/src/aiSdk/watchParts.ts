export interface WatchPartsOptions {
  readonly onPart: (part: unknown) => void
  /** Called once the stream has ended, failed, or been cancelled. */
  readonly onEnd: () => void
}

/** A stream of parts as it is, watched as the caller reads it: nothing is read ahead. */
export const watchParts = (
  stream: ReadableStream<unknown>,
  { onPart, onEnd }: WatchPartsOptions,
): ReadableStream<unknown> => {
  const reader = stream.getReader()
  // An abort is heard even where nobody reads.
  reader.closed.catch(onEnd)
  return new ReadableStream<unknown>(
    {
      pull: async (controller) => {
        const { done, value } = await reader.read()
        if (done) {
          onEnd()
          controller.close()
          return
        }
        onPart(value)
        controller.enqueue(value)
      },
      cancel: (reason) => {
        onEnd()
        return reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}
