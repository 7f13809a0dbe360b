/** Lets the process end while the timer runs, where the runtime knows that. */
export const unref = (timer: unknown): void => {
  if (typeof timer === "object" && timer !== null && "unref" in timer)
    (timer as { unref: () => void }).unref()
}

/** Waits; rejects with the signal's reason where it aborts first. */
export const sleep = (forMs: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort)
      resolve()
    }, forMs)
    if (signal?.aborted === true) onAbort()
    else signal?.addEventListener("abort", onAbort, { once: true })
  })
