/**
 * A guarded `fetch` for the official SDKs, and for anything that takes one.
 *
 * @module
 */
export {
  type GuardedFetch,
  type GuardedFetchOptions,
  guardedFetch,
  SUBJECT_HEADER,
} from "./fetch/guardedFetch.ts"
export type { Shape } from "./fetch/route.ts"
export { readUsage, type UsageAnswer, type UsageRead, UsageStream } from "./fetch/usage.ts"
