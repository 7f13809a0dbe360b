import { neverConnected } from "../fetch/forward.ts"

/**
 * Whether an error proves that nothing was billed: by its status (3xx and 4xx, 503, 529), a connection that was
 * never made, or an error that the SDK throws before it sends.
 */
export const isFreeError = (error: unknown): boolean => {
  if (typeof error !== "object" || error === null) return false
  const { name, statusCode, status } = error as Readonly<Record<string, unknown>>
  const told = statusCode ?? status
  if (typeof told === "number") return (told >= 300 && told < 500) || told === 503 || told === 529
  return UNSENT.has(String(name)) || causesOf(error).some(neverConnected)
}

/** Names of errors of the SDK, by its reference (read 2026-11). */
const UNSENT = new Set([
  "AI_LoadAPIKeyError",
  "AI_LoadSettingError",
  "AI_InvalidPromptError",
  "AI_NoSuchModelError",
  "AI_TooManyEmbeddingValuesForCallError",
  "AI_UnsupportedFunctionalityError",
])

const causesOf = (error: unknown): readonly unknown[] => {
  const causes: unknown[] = []
  for (let at = error; causes.length < CAUSES_MAX && typeof at === "object" && at !== null; ) {
    causes.push(at)
    at = (at as { readonly cause?: unknown }).cause
  }
  return causes
}

const CAUSES_MAX = 8
