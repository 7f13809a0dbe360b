import type { Json } from "./seen.ts"

/** Why a body says less than what it may cost. */
export interface Unclear {
  readonly error: "invalid-request" | "other-models"
  readonly message: string
}

/**
 * What of a body leaves its cost open: a name that some servers read and others do not, or another model
 * that may answer. Null where there is none.
 */
export const unclearOf = (body: Json): Unclear | null => {
  const other = ["fallbacks", "models"].find((name) => isOther(body[name], body.model))
  if (other !== undefined)
    return {
      error: "other-models",
      message: `\`${other}\` lets another model answer, whose price and limit are not held; name one model, and give the policy \`fallbacks\``,
    }
  const odd = Object.keys(body).find((name) => !READ.has(name) && READ.has(name.toLowerCase()))
  if (odd === undefined) return null
  return {
    error: "invalid-request",
    message: `the body names \`${odd}\`, which some servers read as \`${odd.toLowerCase()}\`; write it so`,
  }
}

/**
 * Anthropic's and LiteLLM's `fallbacks`, OpenRouter's `models` (Messages API beta, "Fallbacks", "Model
 * routing"; read 2026-11). A list of the very model says nothing new.
 */
const isOther = (value: unknown, model: unknown): boolean =>
  Array.isArray(value) ? value.some((one) => one !== model) : value != null

/** What the cost is read from; servers in Go take names in any case. */
const READ = new Set(
  "model n stream max_tokens max_completion_tokens max_output_tokens service_tier tools models fallbacks".split(
    " ",
  ),
)
