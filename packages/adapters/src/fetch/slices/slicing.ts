import type { Call } from "../callOf.ts"
import type { GuardedFetchOptions } from "../options.ts"
import type { Route } from "../route.ts"
import type { Json } from "../seen.ts"
import { isInSight } from "./inSight.ts"

/** How one stream is held. */
export interface Slicing {
  /** Output tokens per choice that are held at a time. */
  readonly sliceTokens: number
  /** Tokens per choice that it may write unseen; held with the first slice. */
  readonly unseenTokens: number
  readonly choices: number
  readonly tokensOf: (text: string) => number
  readonly cutAs: "error" | "length"
}

/**
 * How a call is held in slices; null where it is held whole: the host did not ask for slices, nothing streams, or
 * what it writes could not be counted as it passes.
 *
 * @throws TypeError where the option is not one
 */
export const slicingOf = (
  options: GuardedFetchOptions,
  route: Extract<Route, { kind: "guarded" }>,
  href: string,
  body: Json,
  call: Call,
): Slicing | null => {
  const { stream } = options
  if (stream === undefined || !call.stream || !call.hasOutput || call.audio) return null
  // It goes on when its connection is closed.
  if (body.background === true) return null
  if (route.shape === "gemini" && new URL(href).searchParams.get("alt") !== "sse") return null
  const { sliceTokens, unseenTokens, cutAs = "error" } = stream
  const model = call.model ?? ""
  if (unseenTokens === undefined && (call.runsTools || !isInSight(route.shape, model, body)))
    return null
  return {
    sliceTokens,
    unseenTokens: unseenTokens ?? 0,
    choices: call.choices,
    tokensOf: boundOf(stream.tokensOf, model),
    cutAs,
  }
}

/** @throws TypeError where a number is not one */
export const checkStreamOptions = ({ stream }: GuardedFetchOptions): void => {
  if (stream === undefined) return
  const { sliceTokens, unseenTokens = 0 } = stream
  if (!Number.isSafeInteger(sliceTokens) || sliceTokens < SLICE_MIN)
    throw new TypeError(
      `\`stream.sliceTokens\` is \`${String(sliceTokens).slice(0, 40)}\`; give an integer of at least ${SLICE_MIN}`,
    )
  if (!Number.isSafeInteger(unseenTokens) || unseenTokens < 0)
    throw new TypeError(
      `\`stream.unseenTokens\` is \`${String(unseenTokens).slice(0, 40)}\`; give an integer of at least 0`,
    )
}

/** Room for the first tokens of an answer and some of its text. */
const SLICE_MIN = 64

/** UTF-8 bytes: no token is shorter than a byte. A host's tokenizer is believed where it says a count. */
const boundOf = (
  told: ((text: string, model: string) => number) | undefined,
  model: string,
): ((text: string) => number) => {
  if (told === undefined) return utf8Length
  return (text) => {
    const tokens = told(text, model)
    return Number.isSafeInteger(tokens) && tokens >= 0 ? tokens : utf8Length(text)
  }
}

const utf8Length = (text: string): number => {
  let bytes = text.length
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at)
    if (unit > 0x7f) bytes += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1
  }
  return bytes
}
