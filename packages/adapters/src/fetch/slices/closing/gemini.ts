import { type Json, list, own } from "../../usage/read.ts"
import type { Closing, ClosingEvent } from "./closing.ts"

/** A stream of Gemini's: each candidate that goes on ends with the finish reason `MAX_TOKENS`. */
export class GeminiClosing implements Closing {
  readonly done = ""
  readonly #open = new Set<number>()
  #head: Json = {}
  #isSeen = false

  take(event: Json): void {
    const { candidates, ...head } = event
    this.#head = { ...this.#head, ...head }
    for (const one of list(candidates)) {
      this.#isSeen = true
      const index = Number(own(one, "index") ?? 0)
      if (own(one, "finishReason") == null) this.#open.add(index)
      else this.#open.delete(index)
    }
  }

  end(): readonly ClosingEvent[] {
    const open = this.#isSeen ? [...this.#open] : [0]
    if (open.length === 0) return []
    const candidates = open.map((index) => ({
      content: { role: "model", parts: [{ text: "" }] },
      finishReason: "MAX_TOKENS",
      index,
    }))
    return [{ data: { candidates, ...this.#head } }]
  }

  /** Bare: Google's SDK makes an error of a chunk that is one as JSON, and readers of events pass it over. */
  error(error: Json): string {
    return `${JSON.stringify(error)}\n\n`
  }
}
