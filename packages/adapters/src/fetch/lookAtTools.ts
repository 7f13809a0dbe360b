import { count, type Json, type Seen } from "./seen.ts"

/** OpenAI's and Anthropic's tools have a `type`, Gemini's one field each. */
export const lookAtTools = (tools: unknown, seen: Seen): void => {
  if (!Array.isArray(tools)) return
  seen.hasTools ||= tools.length > 0
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
