/**
 * The components of a bill. A token is counted in exactly one of them: what a provider reports as
 * included in another count is taken out of that count, so that nothing is billed twice. Reasoning
 * tokens are output tokens.
 */
export const USAGE_COMPONENTS = [
  /** Plain input, read neither from nor into a cache. Tokens, as all that end so. */
  "inputTokens",
  "cacheReadTokens",
  /** Cache writes that live 5 minutes (or the provider's only kind). */
  "cacheWriteTokens",
  /** Cache writes that live one hour. */
  "cacheWrite1hTokens",
  "outputTokens",
  "audioInputTokens",
  "audioCacheReadTokens",
  "audioOutputTokens",
  "imageInputTokens",
  "imageCacheReadTokens",
  "imageOutputTokens",
  "videoInputTokens",
  "videoOutputTokens",
  /** Whole images made, where a provider bills by the piece. */
  "images",
  "webSearches",
  /** Searches of stored files. */
  "fileSearches",
  /** Calls, where a provider bills by the call. */
  "calls",
] as const

/** A part of a usage that has a price of its own. */
export type UsageComponent = (typeof USAGE_COMPONENTS)[number]

/** What a call used: an integer of at least 0 per component; absent is 0. */
export type Usage = Readonly<Partial<Record<UsageComponent, number>>>

/** Input tokens of every kind, cached or not. */
export const inputTokensOf = (usage: Usage): number =>
  (usage.inputTokens ?? 0) +
  (usage.cacheReadTokens ?? 0) +
  (usage.cacheWriteTokens ?? 0) +
  (usage.cacheWrite1hTokens ?? 0) +
  (usage.audioInputTokens ?? 0) +
  (usage.audioCacheReadTokens ?? 0) +
  (usage.imageInputTokens ?? 0) +
  (usage.imageCacheReadTokens ?? 0) +
  (usage.videoInputTokens ?? 0)

/** Output tokens of every kind. */
export const outputTokensOf = (usage: Usage): number =>
  (usage.outputTokens ?? 0) +
  (usage.audioOutputTokens ?? 0) +
  (usage.imageOutputTokens ?? 0) +
  (usage.videoOutputTokens ?? 0)
