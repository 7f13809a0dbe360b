import type { Spendfuse, Subject } from "@spendfuse/core"
import type { StreamOptions } from "../fetch/options.ts"

/** What a gateway guards with, and what it never changes while it runs. */
export interface GatewayOptions extends GatewayRules {
  readonly spendfuse: Spendfuse
  /** What calls the upstreams; the global one unless given. */
  readonly fetch?: typeof fetch
  /** SHA-256 of a text's UTF-8; WebCrypto's unless given. A host with a synchronous one saves a turn. */
  readonly sha256?: (text: string) => Uint8Array | Promise<Uint8Array>
  /** Told of each request when it is over and counted: the log. It holds no prompt and no secret. */
  readonly onCall?: (record: CallRecord) => void
  /** Told what went wrong in here, which no caller sees. Default: the error's name to the console. */
  readonly onError?: (error: unknown) => void
}

/** Who may call what: all that `reload` replaces. */
export interface GatewayRules {
  /** Providers by name. Which one a call goes to: the longest prefix, else the model, else the first without either. */
  readonly upstreams: Readonly<Record<string, Upstream>>
  /** Virtual keys by name; the name is what logs show. */
  readonly keys: Readonly<Record<string, VirtualKey>>
  /** A body may have this many bytes; 33,554,432 (32 MiB) unless given. */
  readonly maxBodyBytes?: number
  /** A call may take this long, milliseconds; 900,000 (15 minutes) unless given. */
  readonly callMs?: number
  /** Holds streams in slices, as `guardedFetch` does. */
  readonly stream?: StreamOptions
  /** Which budgets are told in `RateLimit` headers: those that count requests (default), all, or none. */
  readonly rateLimit?: "requests" | "all" | "none"
}

/** The header that bears a provider's key. */
export type AuthHeader = "authorization" | "x-api-key" | "x-goog-api-key" | "api-key"

/** A provider, and the key that only the gateway knows. */
export interface Upstream {
  /** What stands before the path of a call, such as `https://api.openai.com`; it may have a path itself. */
  readonly baseUrl: string
  /** The provider's key; none is sent unless given. */
  readonly key?: string
  /** The header that bears it; `authorization` (with `Bearer`) unless given. */
  readonly auth?: AuthHeader
  /** Calls below this path go here, without it: `/anthropic`. */
  readonly prefix?: string
  /** Calls of these models go here; `*` stands for any text: `claude-*`. */
  readonly models?: readonly string[]
  /** By its price list's name; told by host and path unless given. */
  readonly provider?: string
  /**
   * `calls` (default): calls that cost, token counts, moderations and lists of models. `all`: every path, such as files
   * and stored responses, which all virtual keys then share.
   */
  readonly reach?: "calls" | "all"
}

/** A key that a caller has in the place of a provider's. */
export interface VirtualKey {
  /** The key itself, 20 characters or more, or `sha256:` and the 64 hexadecimal digits of its hash. */
  readonly key: string
  /** Who pays for its calls. */
  readonly subject: Subject
  /** The models it may call; `*` stands for any text. Any unless given. */
  readonly models?: readonly string[]
  /** The upstreams it may call, by name. Any unless given. */
  readonly upstreams?: readonly string[]
  /** Dimensions that its caller may name by `x-spendfuse-subject`, such as `session`. None unless given. */
  readonly mayName?: readonly string[]
}

/** One request, for a log: no prompt, no answer, no secret. */
export interface CallRecord {
  /** The virtual key's name; null where it is not known. */
  readonly key: string | null
  readonly upstream: string | null
  /** What the call asked for, or the fallback's model; null where it was not decided. */
  readonly model: string | null
  readonly status: number
  /** Nano-USD that were counted; null where nothing was. */
  readonly costNanoUsd: number | null
  readonly tokens: number | null
  /** The cost was not known, and the whole hold was counted. */
  readonly assumed: boolean
  /** Why it was refused, or what was wrong with it; null where it was let through. */
  readonly refused: string | null
  /** From its arrival until it was counted, milliseconds. */
  readonly ms: number
}
