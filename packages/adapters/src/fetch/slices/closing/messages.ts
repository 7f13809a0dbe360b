import { type Json, own } from "../../usage/read.ts"
import type { Closing, ClosingEvent } from "./closing.ts"

/** A message: its open blocks stop, and it stops for `max_tokens`. */
export class MessageClosing implements Closing {
  readonly done = ""
  readonly #open = new Set<unknown>()
  #runs = false

  take(event: Json): void {
    const type = own(event, "type")
    if (type === "message_start") this.#runs = true
    else if (type === "content_block_start") this.#open.add(own(event, "index"))
    else if (type === "content_block_stop") this.#open.delete(own(event, "index"))
    else if (type === "message_delta") this.#runs = false
  }

  end(tokens: number): readonly ClosingEvent[] {
    if (!this.#runs) return []
    const events = [
      ...[...this.#open].map((index) => ({ type: "content_block_stop", index })),
      {
        type: "message_delta",
        delta: { stop_reason: "max_tokens", stop_sequence: null },
        usage: { output_tokens: tokens },
      },
      { type: "message_stop" },
    ]
    return events.map((data) => ({ event: data.type, data }))
  }

  error(error: Json): string {
    return `event: error\ndata: ${JSON.stringify(error)}\n\n`
  }
}
