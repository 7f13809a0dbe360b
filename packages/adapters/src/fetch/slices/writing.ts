import type { Shape } from "../route.ts"
import { type Json, list, own, record, textOf } from "../usage/read.ts"

type TokensOf = (text: string) => number

/** Bounds from above how many tokens each event of a stream writes. */
export class Writing {
  readonly #of: (event: Json) => number
  readonly #tokensOf: TokensOf
  /** Of each item of a response, what its deltas have written. */
  readonly #items = new Map<unknown, number>()

  constructor(shape: Shape, tokensOf: TokensOf) {
    this.#tokensOf = tokensOf
    this.#of = this.#reader(shape)
  }

  /** Tokens that an event writes, at most; 0 for one that writes nothing. Never throws. */
  of(event: unknown): number {
    const body = record(event)
    return body === null ? 0 : this.#of(body)
  }

  #reader(shape: Shape): (event: Json) => number {
    switch (shape) {
      case "openai-chat":
      case "openai-embeddings":
        return (event) => sum(list(own(event, "choices")), (one) => this.#chat(own(one, "delta")))
      case "openai-responses":
        return (event) => this.#response(event)
      case "anthropic-messages":
        return (event) => this.#message(event)
      case "gemini":
        return (event) =>
          sum(list(own(event, "candidates")), (one) =>
            sum(list(own(own(one, "content"), "parts")), (part) => this.#part(part)),
          )
    }
  }

  #chat(delta: unknown): number {
    return sum(Object.entries(record(delta) ?? {}), ([name, value]) => {
      if (name === "role") return 0
      if (name !== "tool_calls" && name !== "function_call") return this.#leaves(value)
      const calls = name === "tool_calls" ? list(value) : [{ function: value }]
      const begun = calls.filter(
        (one) => own(own(one, "function"), "name") != null || own(one, "id"),
      )
      return begun.length * CALL_TOKENS + this.#asCall(value)
    })
  }

  #response(event: Json): number {
    const type = textOf(own(event, "type")) ?? ""
    const at = own(event, "output_index")
    if (type.endsWith(".delta")) {
      const delta = own(event, "delta")
      const tokens = AS_CALL.test(type) ? this.#asCall(delta) : this.#leaves(delta)
      this.#items.set(at, (this.#items.get(at) ?? 0) + tokens)
      return tokens
    }
    const item = record(own(event, "item"))
    if (item === null) return 0
    if (type === "response.output_item.added")
      return own(item, "type") === "message" ? 0 : CALL_TOKENS + this.#leaves(own(item, "name"))
    if (type !== "response.output_item.done") return 0
    // What came whole, without deltas.
    const whole = sum(ITEM_TEXTS, (name) =>
      name === "content" || name === "summary"
        ? sum(list(own(item, name)), (part) =>
            this.#leaves(own(part, "text") ?? own(part, "refusal")),
          )
        : this.#asCall(own(item, name)),
    )
    return Math.max(0, whole - (this.#items.get(at) ?? 0))
  }

  #message(event: Json): number {
    const type = own(event, "type")
    const isStart = type === "content_block_start"
    if (!isStart && type !== "content_block_delta") return 0
    const part = record(own(event, isStart ? "content_block" : "delta")) ?? {}
    const isText = own(part, "type") === "text"
    return sum(Object.entries(part), ([name, value]) => {
      if (name === "type") return isStart && !isText ? CALL_TOKENS : 0
      if (name === "id") return 0
      return name === "partial_json" || name === "input" ? this.#asCall(value) : this.#leaves(value)
    })
  }

  #part(part: unknown): number {
    const call = own(part, "functionCall") ?? own(part, "function_call")
    return call == null ? this.#leaves(part) : CALL_TOKENS + this.#asCall(call)
  }

  /** The format in which a model writes a call is nobody's to see: twice what is shown of it. */
  #asCall(value: unknown): number {
    return 2 * this.#leaves(value)
  }

  /** Every text in a value, with the names of its fields; however deep. */
  #leaves(value: unknown): number {
    if (typeof value === "string") return this.#tokensOf(value)
    let tokens = 0
    const stack: unknown[] = [value]
    while (stack.length > 0) {
      const node = stack.pop()
      if (typeof node === "string") tokens += this.#tokensOf(node)
      else if (typeof node === "number" || typeof node === "boolean") tokens += String(node).length
      else if (typeof node === "object" && node !== null)
        for (const [name, inner] of Object.entries(node)) {
          if (!Array.isArray(node)) tokens += this.#tokensOf(name) + QUOTES
          stack.push(inner)
        }
    }
    return tokens
  }
}

/** What stands around one call of a tool before its arguments. */
const CALL_TOKENS = 64
/** Two quotes, a colon, a comma. */
const QUOTES = 4
const AS_CALL = /arguments|input|code/
const ITEM_TEXTS = ["content", "summary", "arguments", "input"] as const

const sum = <One>(values: readonly One[], tokens: (value: One) => number): number => {
  let all = 0
  for (const value of values) all += tokens(value)
  return all
}
