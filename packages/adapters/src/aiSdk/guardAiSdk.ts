import type { Spendfuse } from "@spendfuse/core"
import { OpenCalls } from "../fetch/openCall.ts"
import { SILENCE_MS } from "../fetch/options.ts"
import { embeddingMiddleware } from "./embeddingModel.ts"
import { imageMiddleware } from "./imageModel.ts"
import { languageMiddleware } from "./languageModel.ts"
import type { EmbeddingMiddleware, ImageMiddleware, LanguageMiddleware } from "./models.ts"
import type { AiSdkGuardOptions } from "./options.ts"

/** The middleware of each kind of model; all of them count on the same subject. */
export interface AiSdkGuard {
  readonly language: LanguageMiddleware
  readonly embedding: EmbeddingMiddleware
  readonly image: ImageMiddleware
  /** Resolves when every call that has ended is settled. */
  readonly idle: () => Promise<void>
}

/**
 * Puts Spendfuse in front of models of the AI SDK: each call is reserved before and settled after, a step with
 * tools and a retry each for itself. A refusal is a `SpendRefused`, and one attempt.
 *
 * @example wrapLanguageModel({ model: openai("gpt-5"), middleware: guardAiSdk(spendfuse, { subject }).language })
 */
export const guardAiSdk = (spendfuse: Spendfuse, options: AiSdkGuardOptions = {}): AiSdkGuard => {
  const calls = new OpenCalls({
    silenceMs: options.silenceMs ?? SILENCE_MS,
    onUncounted: options.onError ?? warn,
  })
  const guard = { spendfuse, options, calls }
  return {
    language: languageMiddleware(guard),
    embedding: embeddingMiddleware(guard),
    image: imageMiddleware(guard),
    idle: () => calls.idle(),
  }
}

/** The name alone: a message may hold what a log must not. */
const warn = (error: unknown): void =>
  console.warn(
    `[spendfuse] a call was not counted: ${error instanceof Error ? error.name : "unknown error"}`,
  )
