import type { Settlement } from "@spendfuse/core"
import { fieldOf, text } from "../fetch/seen.ts"
import type { NamedModel } from "./models.ts"
import { settlementOf } from "./usage.ts"

/** What the parts of an answer tell of its cost. */
export class PartsRead {
  /** The ids of the provider's own tools, by the names that the caller gave them. */
  readonly #tools = new Map<string, string>()
  readonly #ran: string[] = []
  #model: string | undefined
  #usage: unknown
  #metadata: unknown
  #isOver = false

  constructor(tools: readonly unknown[] | undefined) {
    for (const tool of tools ?? []) {
      const [name, id] = [text(fieldOf(tool, "name")), text(fieldOf(tool, "id"))]
      if (name !== undefined && id !== undefined) this.#tools.set(name, id)
    }
  }

  /** The final usage has passed. */
  get isOver(): boolean {
    return this.#isOver
  }

  take(part: unknown): void {
    switch (fieldOf(part, "type")) {
      case "tool-call": {
        if (fieldOf(part, "providerExecuted") !== true) return
        const name = text(fieldOf(part, "toolName")) ?? ""
        this.#ran.push(this.#tools.get(name) ?? name)
        return
      }
      case "response-metadata":
        this.#model = text(fieldOf(part, "modelId")) ?? this.#model
        return
      case "finish":
        this.end(part)
    }
  }

  /** The last part of a stream, or a whole answer. */
  end(answer: unknown): void {
    this.#isOver = true
    this.#usage = fieldOf(answer, "usage")
    this.#metadata = fieldOf(answer, "providerMetadata")
    this.#model = text(fieldOf(fieldOf(answer, "response"), "modelId")) ?? this.#model
  }

  /** Null where nobody can tell: then the whole hold counts. */
  settlement(model: NamedModel): Settlement | null {
    if (!this.#isOver) return null
    return settlementOf(this.#usage, {
      provider: model.provider,
      model: this.#model,
      metadata: this.#metadata,
      ran: this.#ran,
    })
  }
}
