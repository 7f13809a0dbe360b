import type { Json } from "../../usage/read.ts"

/** One server-sent event to write; without data as JSON it is written as it is. */
export interface ClosingEvent {
  readonly event?: string
  readonly data: unknown
}

/** Knows what of a stream has passed, and closes it as its provider does where the output limit is reached. */
export interface Closing {
  /** An event that has passed. */
  take(event: Json): void
  /** The events that end it. @param tokens output tokens that have passed, at most */
  end(tokens: number): readonly ClosingEvent[]
  /** The error after them, each a chunk of its own. @param error in the provider's shape of an error body */
  error(error: Json): string
  /** What stands in its place where no error is wanted. */
  readonly done: string
}
