const USAGE = {
  inputTokens: { total: 0, noCache: 0, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 0, text: 0, reasoning: 0 },
}
const FINISH = { usage: USAGE, finishReason: { unified: "stop", raw: undefined } }

/** A fallback's canned answer as a model would give it; nothing is billed. In both specifications it is the same. */
export const cannedResult = <Result>(text: string): Result =>
  // The generic caller stands for either specification; this is a result of both.
  ({ ...FINISH, content: [{ type: "text", text }], warnings: [] }) as Result

/** The same in parts. */
export const cannedStream = <Result>(text: string): Result => {
  const id = "spendfuse-answer"
  const parts: readonly unknown[] = [
    { type: "stream-start", warnings: [] },
    { type: "text-start", id },
    { type: "text-delta", id, delta: text },
    { type: "text-end", id },
    { type: "finish", ...FINISH },
  ]
  const stream = new ReadableStream<unknown>({
    start: (controller) => {
      for (const part of parts) controller.enqueue(part)
      controller.close()
    },
  })
  return { stream } as Result
}
