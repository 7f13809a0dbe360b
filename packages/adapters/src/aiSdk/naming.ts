import type { Shape } from "../fetch/route.ts"
import type { NamedModel } from "./models.ts"
import type { AiSdkGuardOptions } from "./options.ts"

/** A model by the names of the price list. */
export interface Listed {
  readonly provider: string
  readonly model: string
}

/** `openai.responses` is `openai`; a gateway's model names its provider itself: `openai/gpt-5`. */
export const listedAs = (options: AiSdkGuardOptions, named: NamedModel): Listed => {
  const { modelId } = named
  if (options.provider !== undefined) return { provider: options.provider(named), model: modelId }
  const provider = named.provider.split(".")[0] ?? ""
  const slash = modelId.indexOf("/")
  if (provider === "gateway" && slash > 0)
    return { provider: nameOf(modelId.slice(0, slash)), model: modelId.slice(slash + 1) }
  return { provider: nameOf(provider), model: modelId }
}

const nameOf = (provider: string): string =>
  Object.hasOwn(NAMES, provider) ? (NAMES[provider] ?? provider) : provider

/** The SDK's providers whose names differ from the price list's (both read 2026-11). */
const NAMES: Readonly<Record<string, string>> = {
  xai: "x-ai",
  vertex: "google",
  togetherai: "together",
  bedrock: "aws",
  "amazon-bedrock": "aws",
  "azure-openai": "azure",
}

/** Whose bounds for images and contexts apply; OpenAI's are the widest. */
export const shapeOf = ({ provider, model }: Listed): Shape => {
  if (/claude/.test(model) || provider === "anthropic") return "anthropic-messages"
  return provider === "google" ? "gemini" : "openai-chat"
}
