import type { AuthHeader } from "@spendfuse/adapters/gateway"

/** A gateway's config file. Secrets are named by their environment variables, or hashed; none is written in it. */
export interface GatewayConfig {
  /** Where callers connect; 127.0.0.1:8787 unless given. */
  readonly listen?: ListenConfig
  /** The admin API and console, on a port of their own; none unless given. */
  readonly admin?: AdminConfig
  /** Where the ledger is kept; a journal `gateway.spendfuse-journal` beside this file unless given. */
  readonly store?: StoreConfig
  /** The policy's file, beside this one. */
  readonly policy: string
  /** Who hears the channels of the policy: the file that `spendfuse dispatch --notifiers` takes. */
  readonly notifiers?: string
  readonly upstreams: Readonly<Record<string, UpstreamConfig>>
  readonly keys: Readonly<Record<string, KeyConfig>>
  readonly limits?: LimitsConfig
  /** Holds streams in slices. */
  readonly stream?: { readonly sliceTokens: number; readonly unseenTokens?: number }
  readonly rateLimit?: "requests" | "all" | "none"
}

export interface ListenConfig {
  readonly host?: string
  /** 0 takes one that is free. */
  readonly port?: number
}

export interface AdminConfig extends ListenConfig {
  /** Who may, by name; the audit shows the name. */
  readonly people: Readonly<
    Record<string, { readonly tokenEnv: string; readonly may?: "read" | "operate" }>
  >
}

export type StoreConfig =
  | { readonly kind: "memory" }
  | { readonly kind: "journal"; readonly path: string }
  | {
      readonly kind: "url"
      readonly urlEnv: string
      readonly prefix?: string
      readonly schema?: string
    }

export interface UpstreamConfig {
  readonly baseUrl: string
  readonly keyEnv?: string
  readonly auth?: AuthHeader
  readonly prefix?: string
  readonly models?: readonly string[]
  readonly provider?: string
  readonly reach?: "calls" | "all"
}

/** One of `hash` and `keyEnv` says the key. */
export interface KeyConfig {
  /** `sha256:` and the 64 hexadecimal digits of the key's hash. */
  readonly hash?: string
  readonly keyEnv?: string
  readonly subject: Readonly<Record<string, string>>
  readonly models?: readonly string[]
  readonly upstreams?: readonly string[]
  readonly mayName?: readonly string[]
}

/** Bytes and milliseconds. */
export interface LimitsConfig {
  /** Of a body; 33,554,432 unless given. */
  readonly bodyBytes?: number
  /** Until a request's head is here; 10,000 unless given. */
  readonly headMs?: number
  /** Until its body is here too; 60,000 unless given. */
  readonly bodyMs?: number
  /** Until its answer has ended; 900,000 unless given. */
  readonly callMs?: number
  /** How long running calls may go on after SIGTERM; 30,000 unless given. */
  readonly drainMs?: number
}
