import { lookAtTools } from "./lookAtTools.ts"
import { count, fieldOf, type Json, type Seen, text } from "./seen.ts"

/** Walks a body, however deep. Never throws. */
export const look = (body: Json): Seen => {
  const seen: Seen = {
    images: 0,
    mediaBytes: 0,
    isStored: STORED.some((name) => body[name] != null) || isContinued(body) || hasReference(body),
    audio: false,
    searches: 0,
    openSearches: isOnline(body) ? 1 : 0,
    openRounds: body.mcp_servers == null ? 0 : 1,
    callsMost: count(body.max_tool_calls),
    hasTools: false,
    serverTools: 0,
    compacts: isCompacted(body.context_management),
  }
  lookAtTools(body.tools, seen)
  const stack: unknown[] = [body]
  for (let steps = 0; stack.length > 0 && steps < NODES_MAX; steps += 1) {
    const node = stack.pop()
    if (typeof node !== "object" || node === null) continue
    if (!Array.isArray(node)) note(node as Json, seen)
    for (const [name, value] of Object.entries(node))
      if (
        typeof value === "object" &&
        ((node === body && name === "input") || !isData(node as Json, name))
      )
        stack.push(value)
  }
  return seen
}

const isCompacted = (management: unknown): boolean => {
  const edits = Array.isArray(management) ? management : fieldOf(management, "edits")
  return (
    Array.isArray(edits) && edits.some((edit) => text(fieldOf(edit, "type"))?.startsWith("compact"))
  )
}

/** What a tool was given or gave back as JSON is text to the model, whatever it looks like. */
const isData = (node: Json, name: string): boolean =>
  AS_TEXT.has(name) || (name === "input" && text(node.type)?.endsWith("tool_use") === true)

const AS_TEXT = new Set(
  "args response input_schema parameters parametersJsonSchema schema json_schema metadata tools".split(
    " ",
  ),
)

/** Anthropic's thread that goes on; one that is created holds nothing yet. */
const isContinued = ({ thread }: Json): boolean =>
  thread != null && fieldOf(thread, "type") !== "create"

/** OpenAI's item references may leave their type out. */
const hasReference = ({ input }: Json): boolean =>
  Array.isArray(input) &&
  input.some(
    (item) =>
      fieldOf(item, "id") != null && fieldOf(item, "type") == null && fieldOf(item, "role") == null,
  )

/** OpenAI's search models search unasked; OpenRouter has two ways to ask, xAI one. */
const isOnline = (body: Json): boolean => {
  const { web_search_options, search_parameters, messages, plugins, model } = body
  return (
    web_search_options != null ||
    (search_parameters != null && fieldOf(search_parameters, "mode") !== "off") ||
    (Array.isArray(messages) && text(model)?.includes("-search-") === true) ||
    (Array.isArray(plugins) && plugins.some((plugin) => fieldOf(plugin, "id") === "web")) ||
    text(model)?.endsWith(":online") === true
  )
}

const NODES_MAX = 1_000_000
const STORED = [
  "previous_response_id",
  "conversation",
  "prompt",
  "cachedContent",
  "cached_content",
  "container",
]

const note = (node: Json, seen: Seen): void => {
  const type = text(node.type) ?? ""
  if (IMAGES.has(type)) noteImage(node, seen)
  else if (type === "document") noteDocument(node, seen)
  else if (FILES.has(type)) noteFile(node, seen)
  else if (type === "input_audio") seen.audio = true
  else if (type === "additional_tools") lookAtTools(node.tools, seen)
  if (type === "audio_url") seen.audio = true
  noteGemini(node, seen)
  for (const name of ["modalities", "responseModalities", "response_modalities"]) {
    const modalities = node[name]
    if (Array.isArray(modalities) && modalities.some((one) => /^audio$/i.test(String(one))))
      seen.audio = true
  }
}

const IMAGES = new Set([
  "image_url",
  "input_image",
  "image",
  "computer_screenshot",
  "image_generation_call",
])
const FILES = new Set(
  "input_file file item_reference container_upload video_url audio_url document_url".split(" "),
)

/** By URL, by id, or in place as a data URL or in base64. */
const noteImage = (node: Json, seen: Seen): void => {
  seen.images += 1
  const { image_url: image, source, result } = node
  seen.mediaBytes += dataUrl(image) + dataUrl(fieldOf(image, "url")) + base64Of(source)
  if (node.type === "image_generation_call") seen.mediaBytes += lengthOf(result)
}

/** Anthropic's documents: text is text; a PDF's bytes say nothing of its pages. */
const noteDocument = (node: Json, seen: Seen): void => {
  const kind = fieldOf(node.source, "type")
  if (kind === "text" || kind === "content") return
  seen.isStored = true
  seen.mediaBytes += base64Of(node.source)
}

const noteFile = (node: Json, seen: Seen): void => {
  seen.isStored = true
  seen.mediaBytes += dataUrl(node.file_data) + dataUrl(fieldOf(node.file, "file_data"))
}

/** A film's bytes say nothing of its length; sound has more bytes than tokens. */
const noteGemini = (node: Json, seen: Seen): void => {
  const file = node.fileData ?? node.file_data
  const inline = node.inlineData ?? node.inline_data
  for (const part of [file, inline]) {
    if (typeof part !== "object" || part === null) continue
    const mime = text(fieldOf(part, "mimeType") ?? fieldOf(part, "mime_type")) ?? ""
    const isInline = part === inline
    if (mime.startsWith("image/")) seen.images += 1
    else if (!mime.startsWith("text/") && (!isInline || !mime.startsWith("audio/")))
      seen.isStored = true
    if (!mime.startsWith("image/") && !mime.startsWith("text/")) seen.audio = true
    if (isInline && !/^(?:audio|text)\//.test(mime))
      seen.mediaBytes += lengthOf(fieldOf(part, "data"))
    if (!isInline && mime.startsWith("text/")) seen.isStored = true
  }
}

const lengthOf = (value: unknown): number => (typeof value === "string" ? ascii(value) : 0)

const dataUrl = (value: unknown): number =>
  typeof value === "string" && value.startsWith("data:") ? ascii(value) : 0

const base64Of = (source: unknown): number =>
  fieldOf(source, "type") === "base64" ? lengthOf(fieldOf(source, "data")) : 0

/** Only what is base64 is counted otherwise: text in its place stays text. */
const ascii = (value: string): number =>
  /^(?:data:[\w.+/;=,-]*,)?[A-Za-z0-9+/=_-]*$/.test(value) ? value.length : 0
