import type { Shape } from "../route.ts"
import { fieldOf, type Json, text } from "../seen.ts"

/**
 * Whether all that is billed as output stands in the events of a stream: then it can be counted as it passes. A
 * model that reasons bills what nobody is shown, so a model that is not known is taken for one that does. Of a
 * prediction what was rejected is billed as well.
 */
export const isInSight = (shape: Shape, model: string, body: Json): boolean => {
  const name = model.slice(model.lastIndexOf("/") + 1)
  if (OTHER_OUTPUT.test(name) || thinks(body) || body.prediction != null) return false
  if (IN_SIGHT.test(name)) return true
  if (shape === "gemini") return WITHOUT_THOUGHTS.test(name) && budgetOf(body) === 0
  return WITHOUT_EFFORT.test(name) && effortOf(body) === "none"
}

/** By the model pages of OpenAI, Anthropic, Google, Meta, Mistral and DeepSeek (read 2026-11). */
const IN_SIGHT =
  /^(?:gpt-3\.5|gpt-4|chatgpt-4o|gpt-5-chat|claude-3|claude-(?:opus|sonnet|haiku)-4|gemini-(?:1|2\.0)|llama|meta-llama|mistral|ministral|mixtral|codestral|deepseek-chat)/i
const WITHOUT_EFFORT = /^gpt-5\.[1-9]/i
const WITHOUT_THOUGHTS = /^gemini-2\.5-flash/i
/** Pictures and sound are not counted by their text. */
const OTHER_OUTPUT = /image|audio|tts|realtime|live|search|thinking/i

/** Anthropic's field, and that of others who took it over; OpenRouter's `reasoning` may be hidden as well. */
const thinks = ({ thinking, reasoning }: Json): boolean =>
  (thinking != null && fieldOf(thinking, "type") !== "disabled") ||
  (reasoning != null && fieldOf(reasoning, "effort") !== "none")

/** Of chat completions and of responses. */
const effortOf = (body: Json): string | undefined =>
  text(body.reasoning_effort) ?? text(fieldOf(body.reasoning, "effort"))

const budgetOf = (body: Json): unknown => {
  const config = body.generationConfig ?? body.generation_config
  const thinking = fieldOf(config, "thinkingConfig") ?? fieldOf(config, "thinking_config")
  return fieldOf(thinking, "thinkingBudget") ?? fieldOf(thinking, "thinking_budget")
}
