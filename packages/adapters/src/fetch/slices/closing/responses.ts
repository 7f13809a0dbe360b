import { type Json, own, record, textOf } from "../../usage/read.ts"
import type { Closing, ClosingEvent } from "./closing.ts"

/** An item of a response as far as it has passed. */
interface Item {
  item: Json
  isOpen: boolean
  /** Its parts that have passed or are being written, by their index. */
  readonly parts: Map<unknown, { part: Json; isOpen: boolean }>
  /** What of it is no part: a call's arguments, or its input. */
  text: string
}

/** A response: its open parts and items are done, and it is `incomplete` for `max_output_tokens`. */
export class ResponseClosing implements Closing {
  readonly done = ""
  readonly #items = new Map<unknown, Item>()
  #response: Json | null = null
  #sequence = -1

  take(event: Json): void {
    const type = textOf(own(event, "type")) ?? ""
    this.#sequence = Math.max(this.#sequence, Number(own(event, "sequence_number") ?? -1))
    this.#response = record(own(event, "response")) ?? this.#response
    const at = own(event, "output_index")
    const item = record(own(event, "item"))
    if (item !== null) {
      const parts = this.#items.get(at)?.parts ?? new Map()
      this.#items.set(at, { item, isOpen: type === ADDED, parts, text: "" })
      return
    }
    const found = this.#items.get(at)
    if (found !== undefined) takePart(found, type, event)
  }

  end(): readonly ClosingEvent[] {
    if (this.#response === null) return []
    const events: (Json & { type: string })[] = []
    for (const [output_index, item] of this.#items)
      if (item.isOpen) events.push(...ended(item, output_index))
    events.push({
      type: "response.incomplete",
      response: {
        ...this.#response,
        status: "incomplete",
        incomplete_details: { reason: "max_output_tokens" },
        output: [...this.#items.values()].map(({ item }) => item),
      },
    })
    return events.map((event) => {
      this.#sequence += 1
      return { event: event.type, data: { ...event, sequence_number: this.#sequence } }
    })
  }

  error(body: Json): string {
    const error = record(own(body, "error")) ?? {}
    const { code, message } = error
    const sequence_number = this.#sequence + 1
    const data = { type: "error", code, message, param: null, sequence_number, error }
    return `event: error\ndata: ${JSON.stringify(data)}\n\n`
  }
}

const ADDED = "response.output_item.added"

const takePart = (item: Item, type: string, event: Json): void => {
  const at = own(event, "content_index")
  const part = record(own(event, "part"))
  if (part !== null) {
    item.parts.set(at, { part, isOpen: type.endsWith(".added") })
    return
  }
  const delta = textOf(own(event, "delta"))
  if (delta === undefined || !type.endsWith(".delta")) return
  const found = item.parts.get(at)
  if (found === undefined) {
    item.text += delta
    return
  }
  const field = type === "response.refusal.delta" ? "refusal" : "text"
  found.part = { ...found.part, [field]: `${textOf(own(found.part, field)) ?? ""}${delta}` }
}

/** What closes an item; the item is left as its caller has seen it. */
const ended = (open: Item, output_index: unknown): (Json & { type: string })[] => {
  const events: (Json & { type: string })[] = []
  const item_id = own(open.item, "id")
  for (const [content_index, { part, isOpen }] of open.parts) {
    if (!isOpen) continue
    const at = { item_id, output_index, content_index }
    const { text, refusal } = part
    if (refusal === undefined)
      events.push({ type: "response.output_text.done", ...at, text, logprobs: [] })
    else events.push({ type: "response.refusal.done", ...at, refusal })
    events.push({ type: "response.content_part.done", ...at, part })
  }
  const field = CALLS[String(own(open.item, "type"))]
  if (field !== undefined)
    events.push({ type: field.done, item_id, output_index, [field.name]: open.text })
  open.item = {
    ...open.item,
    status: "incomplete",
    ...(open.parts.size > 0 && { content: [...open.parts.values()].map(({ part }) => part) }),
    ...(field !== undefined && { [field.name]: open.text }),
  }
  open.isOpen = false
  events.push({ type: "response.output_item.done", output_index, item: open.item })
  return events
}

const CALLS: Readonly<Record<string, { readonly name: string; readonly done: string }>> = {
  function_call: { name: "arguments", done: "response.function_call_arguments.done" },
  custom_tool_call: { name: "input", done: "response.custom_tool_call_input.done" },
}
