import type { Amounts, Refused, Subject } from "@spendfuse/core"
import type { NamedInput } from "./inputBound.ts"

/** Whose calls a guarded `fetch` makes, and how it makes them. */
export interface GuardedFetchOptions {
  /**
   * Who pays: for all calls, or told from each request (it may read what the host keeps per request). More
   * is added by `for`, and per call by `subjectHeader`. Nothing is bound unless given.
   */
  readonly subject?: Subject | ((request: Request) => Subject | Promise<Subject>)
  /** What makes the calls; the global one unless given. */
  readonly fetch?: typeof fetch
  /** By its price list's name (`openai`, `anthropic`, `google`, …); told by host and path unless given. */
  readonly provider?: string
  /**
   * What a call means whose cost cannot be read (audio, images, forms, batches): an error (default),
   * through and uncounted, or what it costs at most, told by the host: `() => ({ usd: 40_000_000 })` in
   * nano-USD holds and counts four cents; null is an error. The request that it gets has no body.
   */
  readonly otherRoutes?: "refuse" | "pass" | ((request: Request) => Partial<Amounts> | null)
  /** How long to wait where the budget is only `busy`, milliseconds; the engine's unless given. */
  readonly waitMs?: number
  /** Bounds of input that a body only names, in tokens. */
  readonly namedInput?: Partial<NamedInput>
  /** The host's own fallbacks, by the policy's names. */
  readonly handlers?: Readonly<
    Record<string, (request: Request, refused: Refused) => Promise<Response> | Response>
  >
  /** Whether an answer that is not ok proves that the call cost nothing; 3xx, 4xx, 503 and 529 do unless given. */
  readonly isFree?: (response: Response) => boolean
  /**
   * Whether an error of `fetch` proves that no one received the call, so that it cost nothing. Default: Node's
   * and Bun's codes for names not found and connections refused; Deno and workerd give no code, and an
   * error without one counts whole.
   */
  readonly isUnsent?: (error: unknown) => boolean
  /** Another status for a refusal, 400 to 599, such as 429 for all of them; undefined keeps the usual one. */
  readonly statusOf?: (refused: Refused) => number | undefined
  /**
   * OpenAI's chat streams tell their usage only where `stream_options.include_usage` asks: `ask` (default)
   * writes it and hides the answer to it; `leave` is for servers that refuse the field: a stream without
   * usage then counts whole.
   */
  readonly streamUsage?: "ask" | "leave"
  /**
   * Holds streams in slices: a small part of their output limit to begin with, and more while the money lasts.
   * One that is refused more is cut at a whole event. Not given: the whole limit is held, and nothing is cut.
   */
  readonly stream?: StreamOptions
  /**
   * A call that goes on counts whole when nothing was heard of it for this long: a body that nobody reads,
   * an answer that never comes. Milliseconds; 900,000 (15 minutes) unless given.
   */
  readonly silenceMs?: number
  /** Told what went wrong in here, which no caller sees. Default: the error's name to the console. */
  readonly onError?: (error: unknown) => void
}

/** How streams are held in slices. */
export interface StreamOptions {
  /** Output tokens per choice that are held at a time; at least 64. */
  readonly sliceTokens: number
  /**
   * Tokens per choice that a model writes and no event shows, at most: what it reasons, what the provider's own
   * tools take. Held with the first slice. Not given: streams that may write unseen are held whole.
   */
  readonly unseenTokens?: number
  /** Tokens of a text that has passed, at most. UTF-8 bytes unless given: no token is shorter than a byte. */
  readonly tokensOf?: (text: string, model: string) => number
  /**
   * How a stream ends that is cut: as the provider ends one that has reached its limit, and then with an error
   * (`error`, default), or without (`length`).
   */
  readonly cutAs?: "error" | "length"
}

/** 15 minutes: longer than the SDKs wait by themselves. */
export const SILENCE_MS = 900_000
