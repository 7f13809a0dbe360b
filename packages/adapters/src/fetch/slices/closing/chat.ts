import { type Json, list, own } from "../../usage/read.ts"
import type { Closing, ClosingEvent } from "./closing.ts"

/** A chat completion: each choice that goes on ends with the finish reason `length`. */
export class ChatClosing implements Closing {
  readonly done = "data: [DONE]\n\n"
  readonly #open = new Set<number>()
  #head: Json = UNSEEN
  #isSeen = false

  take(event: Json): void {
    const choices = list(own(event, "choices"))
    if (choices.length === 0) return
    const { choices: _, usage: __, obfuscation: ___, ...head } = event
    this.#head = head
    this.#isSeen = true
    for (const choice of choices) {
      const index = Number(own(choice, "index") ?? 0)
      if (own(choice, "finish_reason") == null) this.#open.add(index)
      else this.#open.delete(index)
    }
  }

  end(): readonly ClosingEvent[] {
    const open = this.#isSeen ? [...this.#open] : [0]
    const choices = open.map((index) => ({
      index,
      delta: {},
      logprobs: null,
      finish_reason: "length",
    }))
    return choices.map((choice) => ({ data: { ...this.#head, choices: [choice] } }))
  }

  error(error: Json): string {
    return `data: ${JSON.stringify(error)}\n\n`
  }
}

/** Cut before its first chunk: nobody knows its id. */
const UNSEEN: Json = { id: "spendfuse-cut", object: "chat.completion.chunk", created: 0, model: "" }
