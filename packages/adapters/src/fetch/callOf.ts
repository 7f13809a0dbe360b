import { inputOf, type NamedInput } from "./inputBound.ts"
import { look } from "./look.ts"
import type { Route, Shape } from "./route.ts"
import { count, fieldOf, type Json, text } from "./seen.ts"

/** What a body asks for, as far as it bounds the cost. */
export interface Call {
  readonly model: string | undefined
  readonly stream: boolean
  readonly inputTokens: number
  /** The body's own limit; undefined where it has none. */
  readonly maxOutputTokens: number | undefined
  /** 0 where what the body says is no number of answers. */
  readonly choices: number
  /** A lower limit than this would be an error of the provider's; 0 where there is none. */
  readonly leastOutputTokens: number
  readonly serviceTier: string | undefined
  readonly searches: number
  readonly audio: boolean
  readonly images: boolean
  /** The provider runs tools itself, or reads the prompt again: it writes what it does not show. */
  readonly runsTools: boolean
  /** Nothing is written: embeddings. */
  readonly hasOutput: boolean
}

/**
 * Reads the bounds of a call. Input: the UTF-8 bytes of the body, since no token is shorter than a byte and the
 * JSON around each message and tool is longer than the template that takes its place; media by their kind
 * instead of their bytes; and what the body only names. What a server tool brings is read again in each round.
 */
export const callOf = (
  route: Extract<Route, { kind: "guarded" }>,
  body: Json,
  bytes: number,
  named: NamedInput,
): Call => {
  const part = READERS[route.shape](body)
  const told = text(body.model)
  // Gemini's path decides, whatever its body says; a deployment's own name says less than the body.
  const model = route.shape === "gemini" ? (route.model ?? told) : (told ?? route.model)
  const seen = look(body)
  const most = seen.callsMost ?? Number.MAX_SAFE_INTEGER
  const searches = Math.min(most, seen.searches + seen.openSearches * named.searches)
  const rounds = Math.min(most, searches + (seen.openRounds > 0 ? named.searches : 0))
  return {
    model,
    stream: route.stream ?? body.stream === true,
    inputTokens: inputOf({ shape: route.shape, model: model ?? "", bytes, seen, rounds, named }),
    maxOutputTokens: part.maxOutputTokens,
    choices: part.choices,
    leastOutputTokens: thinkingOf(route.shape, body),
    serviceTier: tierOf(route.shape, body),
    searches,
    audio: seen.audio || (route.shape === "gemini" && seen.isStored),
    images: seen.images > 0,
    runsTools: searches > 0 || seen.openRounds > 0 || seen.serverTools > 0 || seen.compacts,
    hasOutput: route.shape !== "openai-embeddings",
  }
}

/** The name of the field that limits the output, for the shape and the body. */
export const outputLimitPath = (shape: Shape, body: Json): readonly string[] | null => {
  switch (shape) {
    case "openai-chat":
      return body.max_tokens != null && body.max_completion_tokens == null
        ? ["max_tokens"]
        : ["max_completion_tokens"]
    case "openai-responses":
      return ["max_output_tokens"]
    case "anthropic-messages":
      return ["max_tokens"]
    case "gemini":
      return [
        ...(body.generationConfig == null && body.generation_config != null
          ? ["generation_config"]
          : ["generationConfig"]),
        record(body.generationConfig ?? body.generation_config).max_output_tokens != null
          ? "max_output_tokens"
          : "maxOutputTokens",
      ]
    case "openai-embeddings":
      return null
  }
}

interface Part {
  readonly maxOutputTokens: number | undefined
  readonly choices: number
}

const READERS: Readonly<Record<Shape, (body: Json) => Part>> = {
  "openai-chat": (body) => ({
    maxOutputTokens: smaller(limitOf(body.max_completion_tokens), limitOf(body.max_tokens)),
    choices: choicesOf(body.n),
  }),
  "openai-responses": (body) => ({ maxOutputTokens: limitOf(body.max_output_tokens), choices: 1 }),
  "openai-embeddings": () => ({ maxOutputTokens: 0, choices: 1 }),
  // Of 0 only the cache is written ("Prompt caching", read 2026-11).
  "anthropic-messages": (body) => ({ maxOutputTokens: count(body.max_tokens), choices: 1 }),
  // Google's JSON takes both spellings of a name, and numbers as texts.
  gemini: (body) => {
    const config = record(body.generationConfig ?? body.generation_config)
    return {
      maxOutputTokens: limitOf(config.maxOutputTokens ?? config.max_output_tokens),
      choices: choicesOf(config.candidateCount ?? config.candidate_count),
    }
  },
}

/** Some servers read a limit of 0 as none. */
const limitOf = (value: unknown): number | undefined => count(value) || undefined

const smaller = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined || other === undefined ? (one ?? other) : Math.min(one, other)

/** Many servers take a text for its number. */
const choicesOf = (value: unknown): number =>
  value == null ? 1 : (count(typeof value === "string" ? Number(value) : value) ?? 0)

/** Anthropic's limit must be above the budget of what is thought ("Extended thinking", read 2026-11). */
const thinkingOf = (shape: Shape, { thinking }: Json): number => {
  const budget = shape === "anthropic-messages" ? count(fieldOf(thinking, "budget_tokens")) : 0
  return budget === undefined || budget === 0 ? 0 : Math.min(Number.MAX_SAFE_INTEGER, budget + 1)
}

/** The tiers that are dearer than the standard one: a cheaper one may be answered at standard rates. */
const tierOf = (shape: Shape, body: Json): string | undefined => {
  const told = text(body.service_tier) ?? text(body.serviceTier) ?? ""
  // OpenAI's second name for it (API reference, read 2026-11).
  const isFast = shape.startsWith("openai") && /^fast$/i.test(told)
  const tiers = [
    ...(/priority$/i.test(told) || isFast ? ["priority"] : []),
    ...(shape === "anthropic-messages" && body.speed === "fast" ? ["fast"] : []),
    ...(shape === "anthropic-messages" && body.inference_geo === "us" ? ["us"] : []),
  ]
  return tiers.length === 0 ? undefined : tiers.join("+")
}

const record = (value: unknown): Json =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {}
