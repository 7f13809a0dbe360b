/**
 * A guarded `fetch` for the official SDKs, and for anything that takes one.
 *
 * @module
 */
export { type GuardedFetch, guardedFetch } from "./fetch/guardedFetch.ts"
export type { GuardedFetchOptions, StreamOptions } from "./fetch/options.ts"
export type { Problem } from "./fetch/respond.ts"
export type { Shape } from "./fetch/route.ts"
export { SUBJECT_HEADER, subjectHeader } from "./fetch/subject.ts"
export {
  readUsage,
  readUsageText,
  type UsageAnswer,
  type UsageRead,
  UsageStream,
} from "./fetch/usage.ts"
