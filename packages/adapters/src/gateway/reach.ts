import type { Route } from "../fetch/route.ts"

/** Whether a path is a call, or asks what all may know: models, token counts, moderations. */
export const isReached = (route: Route, method: string, path: string): boolean => {
  // What cannot be priced is refused by the guarded fetch, which says so.
  if (route.kind !== "free") return true
  return method === "POST" ? COUNTS.test(path) : READ.has(method) && MODELS.test(path)
}

const READ = new Set(["GET", "HEAD"])
const MODELS = /^(?:\/[\w.-]+)*\/models(?:\/[\w.:-]+){0,3}$/
const COUNTS = /(?:\/(?:moderations|messages\/count_tokens|responses\/input_tokens)|:countTokens)$/
