import type { Shape } from "@spendfuse/adapters/fetch"

/** Whose language a body is written in: told by what only one of them writes, else by the provider. */
export const shapeOf = (provider: string | undefined, body: unknown): Shape => {
  const told = typeof body === "string" ? byText(body) : byFields(body)
  return told ?? (provider === "anthropic" ? "anthropic-messages" : "openai-chat")
}

const byFields = (body: unknown): Shape | undefined => {
  if (typeof body !== "object" || body === null) return undefined
  if (Array.isArray(body)) {
    for (const event of body) {
      const told = Array.isArray(event) ? undefined : byFields(event)
      if (told !== undefined) return told
    }
    return undefined
  }
  if (Object.hasOwn(body, "usageMetadata") || Object.hasOwn(body, "candidates")) return "gemini"
  if (Object.hasOwn(body, "choices")) return "openai-chat"
  const { type, object } = body as Readonly<Record<string, unknown>>
  if (type === "message" || type === "message_start") return "anthropic-messages"
  if (object === "response" || String(type).startsWith("response.")) return "openai-responses"
  return undefined
}

const byText = (text: string): Shape | undefined =>
  MARKS.find(([mark]) => mark.test(text.slice(0, LOOKED_AT)))?.[1]

/** What tells stands at the beginning. */
const LOOKED_AT = 65_536

const MARKS: readonly (readonly [RegExp, Shape])[] = [
  [/^\s*(?:event: message_start|\{[^{]*"type"\s*:\s*"message")/, "anthropic-messages"],
  [/"type"\s*:\s*"message_start"/, "anthropic-messages"],
  [/"type"\s*:\s*"response\.|"object"\s*:\s*"response"/, "openai-responses"],
  [/"choices"\s*:/, "openai-chat"],
  [/"candidates"\s*:|"usageMetadata"\s*:/, "gemini"],
]
