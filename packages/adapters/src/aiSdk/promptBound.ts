import { lookAtTools } from "../fetch/lookAtTools.ts"
import { count, fieldOf, type Json, type Seen, text } from "../fetch/seen.ts"
import { noteMedia, utf8Length } from "./media.ts"
import type { LanguageParams } from "./models.ts"

/** What a prompt says of its input: UTF-8 bytes of all that is text, and what the bytes do not show. */
export interface Written {
  readonly bytes: number
  readonly seen: Seen
}

/** Walks the prompt, the tools and what the provider alone is told. Never throws. */
export const writtenOf = (params: LanguageParams, model: string): Written => {
  const seen: Seen = {
    images: 0,
    mediaBytes: 0,
    isStored: false,
    audio: false,
    searches: 0,
    openSearches: /-search-|:online$/.test(model) ? 1 : 0,
    openRounds: 0,
    callsMost: undefined,
    hasTools: false,
    serverTools: 0,
    compacts: false,
  }
  lookAtTools((params.tools ?? []).map(toolOf), seen)
  for (const options of optionsOf(params.providerOptions)) noteOptions(options, seen)
  const { tools, responseFormat, providerOptions } = params
  let bytes = jsonLength({ tools, responseFormat, providerOptions })
  for (const message of params.prompt) bytes += messageLength(message, seen)
  return { bytes, seen }
}

/** What each provider is told, without its name. */
export const optionsOf = (providerOptions: unknown): readonly Json[] =>
  typeof providerOptions === "object" && providerOptions !== null
    ? Object.values(providerOptions).filter(
        (options): options is Json => typeof options === "object" && options !== null,
      )
    : []

/** The SDK's tools in the form of a body: `openai.web_search` is the provider's own `web_search`. */
const toolOf = (tool: unknown): Json => {
  const id = text(fieldOf(tool, "id"))
  if (fieldOf(tool, "type") === "function" || id === undefined) return { type: "function" }
  const most = count(fieldOf(fieldOf(tool, "args"), "maxUses"))
  return { type: id.slice(id.indexOf(".") + 1), ...(most !== undefined && { max_uses: most }) }
}

const noteOptions = (options: Json, seen: Seen): void => {
  seen.isStored ||= STORED.some((name) => options[name] != null)
  if (options.mcpServers != null) seen.openRounds += 1
  if (options.useSearchGrounding === true || options.searchParameters != null)
    seen.openSearches += 1
  seen.callsMost ??= count(options.maxToolCalls)
  seen.compacts ||= JSON.stringify(options.contextManagement ?? "").includes("compact")
  const { modalities, responseModalities } = options
  for (const names of [modalities, responseModalities])
    if (Array.isArray(names) && names.some((name) => /^audio$/i.test(String(name))))
      seen.audio = true
}

const STORED = ["previousResponseId", "conversation", "container", "containerId", "cachedContent"]

/** Parts, and what tools gave back in parts, may be media; all else of a message is text to the model. */
const messageLength = (message: unknown, seen: Seen): number => {
  const content = fieldOf(message, "content")
  if (!Array.isArray(content)) return jsonLength(message)
  let bytes = MESSAGE_BYTES
  for (const part of content) {
    const output = fieldOf(part, "output")
    const inner = fieldOf(part, "type") === "tool-result" ? fieldOf(output, "value") : null
    if (Array.isArray(inner) && fieldOf(output, "type") === "content") {
      bytes += MESSAGE_BYTES + jsonLength({ ...(part as Json), output: null })
      for (const one of inner) bytes += noteMedia(one, seen) ?? jsonLength(one)
    } else bytes += noteMedia(part, seen) ?? jsonLength(part)
  }
  return bytes
}

/** Around a message stand its role and a template. */
const MESSAGE_BYTES = 32

/** What JSON cannot say is no text; a circle, which none can send, counts nothing. */
const jsonLength = (value: unknown): number => {
  try {
    return utf8Length(JSON.stringify(value) ?? "")
  } catch {
    return 0
  }
}
