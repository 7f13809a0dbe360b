export type Json = Readonly<Record<string, unknown>>

/** What of a body its bytes do not show: media, what it only names, tools that the provider runs. */
export interface Seen {
  images: number
  /** Bytes of images and documents written into the body, which are counted otherwise. */
  mediaBytes: number
  /** It names what is kept elsewhere, or holds a document that may have any number of pages. */
  isStored: boolean
  audio: boolean
  /** Searches that its tools may make, as far as they say; each is billed. */
  searches: number
  /** Tools that search, and say no limit. */
  openSearches: number
  /** Other tools that the provider runs, letting the model read on, in the same call. */
  openRounds: number
  /** The body's own bound of all that the provider's tools do. */
  callsMost: number | undefined
  hasTools: boolean
  /** Tools that the provider defines. */
  serverTools: number
  /** What was said before is summed up first: the same model reads it once more. */
  compacts: boolean
}

/** Walks a body, however deep. Never throws. */
export const look = (body: Json): Seen => {
  const seen: Seen = {
    images: 0,
    mediaBytes: 0,
    isStored: STORED.some((name) => body[name] != null),
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
      if (typeof value === "object" && !isData(node as Json, name)) stack.push(value)
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

/** OpenAI's search models, and OpenRouter's two ways to ask for a search. */
const isOnline = ({ web_search_options, plugins, model }: Json): boolean =>
  web_search_options != null ||
  (Array.isArray(plugins) && plugins.some((plugin) => fieldOf(plugin, "id") === "web")) ||
  text(model)?.endsWith(":online") === true

export const count = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined

export const text = (value: unknown): string | undefined =>
  typeof value === "string" ? value : undefined

const NODES_MAX = 1_000_000
const STORED = [
  "previous_response_id",
  "conversation",
  "prompt",
  "cachedContent",
  "cached_content",
  "container",
]

/** OpenAI's and Anthropic's tools have a `type`, Gemini's one field each. */
const lookAtTools = (tools: unknown, seen: Seen): void => {
  if (!Array.isArray(tools)) return
  seen.hasTools = tools.length > 0
  for (const tool of tools) {
    if (typeof tool !== "object" || tool === null) continue
    const { type, max_uses: most } = tool as Json
    const names = typeof type === "string" ? [type] : Object.keys(tool).map(snakeOf)
    const own = names.filter(
      (name) => !HOSTS_OWN.has(name) && (type !== undefined || GEMINI.has(name)),
    )
    seen.serverTools += own.length
    const uses = count(most)
    if (!own.some((name) => SEARCHES.test(name)))
      seen.openRounds += own.some((name) => ROUNDS.test(name)) ? 1 : 0
    else if (uses === undefined) seen.openSearches += 1
    else seen.searches += uses
  }
}

const snakeOf = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

const HOSTS_OWN = new Set(["function", "custom", "function_declarations"])
const GEMINI = new Set(
  "google_search google_search_retrieval google_maps enterprise_web_search url_context code_execution file_search".split(
    " ",
  ),
)
const SEARCHES = /^(?:web_search|x_search|file_search|google_|enterprise_web_search)/
const ROUNDS = /^(?:web_fetch|code_|mcp|image_generation|tool_search|url_context|shell|advisor)/

const note = (node: Json, seen: Seen): void => {
  const type = text(node.type) ?? ""
  if (IMAGES.has(type)) noteImage(node, seen)
  else if (type === "document") noteDocument(node, seen)
  else if (FILES.has(type)) noteFile(node, seen)
  else if (type === "input_audio") seen.audio = true
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
const FILES = new Set(["input_file", "file", "item_reference", "container_upload"])

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

const noteGemini = (node: Json, seen: Seen): void => {
  const file = node.fileData ?? node.file_data
  const inline = node.inlineData ?? node.inline_data
  for (const part of [file, inline]) {
    if (typeof part !== "object" || part === null) continue
    const mime = text(fieldOf(part, "mimeType") ?? fieldOf(part, "mime_type")) ?? ""
    const isInline = part === inline
    if (mime.startsWith("image/")) seen.images += 1
    else if (!mime.startsWith("text/") && (!isInline || !/^(?:audio|video)\//.test(mime)))
      seen.isStored = true
    if (!mime.startsWith("image/") && !mime.startsWith("text/")) seen.audio = true
    if (isInline && !/^(?:audio|video|text)\//.test(mime))
      seen.mediaBytes += lengthOf(fieldOf(part, "data"))
    if (!isInline && mime.startsWith("text/")) seen.isStored = true
  }
}

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? (value as Json)[name] : undefined

const lengthOf = (value: unknown): number => (typeof value === "string" ? ascii(value) : 0)

const dataUrl = (value: unknown): number =>
  typeof value === "string" && value.startsWith("data:") ? ascii(value) : 0

const base64Of = (source: unknown): number =>
  fieldOf(source, "type") === "base64" ? lengthOf(fieldOf(source, "data")) : 0

/** Only what is base64 is counted otherwise: text in its place stays text. */
const ascii = (value: string): number =>
  /^(?:data:[\w.+/;=,-]*,)?[A-Za-z0-9+/=_-]*$/.test(value) ? value.length : 0
