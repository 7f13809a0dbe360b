import { RequestFailed, SpendfuseClosed, StoreCorrupt, StoreUnavailable } from "@spendfuse/core"
import { type ProblemBody, problemAnswer } from "./answer.ts"

/** Ends a request with a problem. */
export class Refusal extends Error {
  override readonly name = "Refusal"
  readonly status: number
  readonly more: Pick<ProblemBody, "error" | "problems">
  constructor(status: number, detail: string, more: Pick<ProblemBody, "error" | "problems"> = {}) {
    super(detail)
    this.status = status
    this.more = more
  }
}

/** The answer to whatever was thrown. What nobody foresaw says nothing of itself: it may hold anything. */
export const answerTo = (error: unknown): Response => {
  if (error instanceof Refusal) return problemAnswer(error.status, error.message, error.more)
  if (error instanceof RequestFailed)
    return problemAnswer(STATUSES.get(error.error) ?? 400, error.detail, { error: error.error })
  if (error instanceof StoreUnavailable)
    return problemAnswer(
      503,
      "the store did not answer; a command may have been done: send it again under its `id`",
      {
        error: "store-unavailable",
      },
    )
  if (error instanceof SpendfuseClosed)
    return problemAnswer(503, "this process is about to end; ask another")
  if (error instanceof StoreCorrupt)
    return problemAnswer(500, "the store cannot be read; see the server's log")
  return problemAnswer(500, "the server failed; see its log")
}

const STATUSES: ReadonlyMap<string, number> = new Map([
  ["conflict", 409],
  ["already-answered", 409],
  ["unknown-period", 409],
  ["period-over", 409],
  ["overflow", 422],
])
