/**
 * Middleware for Vercel's AI SDK (`ai` 6 and 7): language models, embeddings and images.
 *
 * It imports nothing of the SDK: what it needs of its models is written down in `aiSdk/models.ts`.
 *
 * @module
 */
export { type AiSdkGuard, guardAiSdk } from "./aiSdk/guardAiSdk.ts"
export type {
  EmbeddingMiddleware,
  EmbeddingParams,
  EmbeddingResult,
  GenerateResult,
  ImageMiddleware,
  ImageParams,
  ImageResult,
  LanguageMiddleware,
  LanguageParams,
  NamedModel,
  StreamResult,
} from "./aiSdk/models.ts"
export type { AiSdkGuardOptions } from "./aiSdk/options.ts"
export type { AiSdkCall, SessionLike } from "./aiSdk/payer.ts"
export { SpendRefused } from "./aiSdk/spendRefused.ts"
