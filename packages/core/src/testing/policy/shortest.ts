import type { Share, StoryStep } from "./story.ts"

/** The largest story of which all parts are tried without two steps. */
const PAIRS_MAX = 12

/**
 * A story cut down as far as it stays broken: without steps, without pairs of steps, then each step as plain as
 * can be. The same story always ends in the same one.
 */
export const shortest = (
  story: readonly StoryStep[],
  isBroken: (story: readonly StoryStep[]) => boolean,
): readonly StoryStep[] => {
  let found = story
  for (;;) {
    const next = firstOf(without(found), isBroken) ?? firstOf(plainer(found), isBroken)
    if (next === null) return found
    found = next
  }
}

const firstOf = (
  stories: Iterable<readonly StoryStep[]>,
  isBroken: (story: readonly StoryStep[]) => boolean,
): readonly StoryStep[] | null => {
  for (const story of stories) if (isBroken(story)) return story
  return null
}

/** Halves first, so that long stories fall quickly. */
const without = function* (story: readonly StoryStep[]): Iterable<readonly StoryStep[]> {
  for (let length = story.length >> 1; length >= 1; length >>= 1)
    for (let from = 0; from + length <= story.length; from += length)
      yield [...story.slice(0, from), ...story.slice(from + length)]
  yield* withoutOne(story)
  if (story.length > PAIRS_MAX) return
  for (let one = 0; one < story.length; one += 1)
    for (let other = one + 1; other < story.length; other += 1)
      yield story.filter((_, at) => at !== one && at !== other)
}

/** Without a step, and the next one comes when it did, or when it would have come itself. */
const withoutOne = function* (story: readonly StoryStep[]): Iterable<readonly StoryStep[]> {
  for (const [at, { after }] of story.entries()) {
    const next = story[at + 1]
    if (next === undefined) continue
    const later = [...story.slice(0, at), { ...next, after }, ...story.slice(at + 2)]
    yield later
    if (after.kind === "while" && next.after.kind === "while") {
      const both = { kind: "while", ms: after.ms + next.after.ms } as const
      yield [...story.slice(0, at), { ...next, after: both }, ...story.slice(at + 2)]
    }
  }
}

const plainer = function* (story: readonly StoryStep[]): Iterable<readonly StoryStep[]> {
  for (const [at, step] of story.entries())
    for (const plain of plainerSteps(step))
      yield [...story.slice(0, at), plain, ...story.slice(at + 1)]
}

/** Each is plainer than the step in one thing, so that it ends. */
const plainerSteps = function* (step: StoryStep): Iterable<StoryStep> {
  if (step.after.kind !== "while" || step.after.ms > 0) yield { ...step, after: NOW }
  if (step.kind === "acknowledge" && step.allow !== null) yield { ...step, allow: null }
  if (step.kind !== "call") return
  if (!isWhole(step.share)) yield { ...step, share: WHOLE }
  if (step.usesPercent !== 100) yield { ...step, usesPercent: 100 }
  if (step.runsMs > 0) yield { ...step, runsMs: 0 }
  if (step.isLost) yield { ...step, isLost: false }
  if (step.model !== undefined) yield { ...step, model: undefined }
  if (step.provider !== undefined) yield { ...step, provider: undefined }
}

const NOW = { kind: "while", ms: 0 } as const
const WHOLE = { percent: 100 } as const

const isWhole = (share: Share): boolean => typeof share === "object" && share.percent === 100
