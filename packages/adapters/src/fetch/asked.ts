import type { Spendfuse, Subject } from "@spendfuse/core"
import type { Call } from "./callOf.ts"
import type { Incoming, ReadBody } from "./incoming.ts"
import type { OpenCalls } from "./openCall.ts"
import type { GuardedFetchOptions } from "./options.ts"
import type { Route, Routes } from "./route.ts"
import type { Slicing } from "./slices/slicing.ts"

/** What all calls of a guarded `fetch` share. */
export interface Context {
  readonly spendfuse: Spendfuse
  readonly options: GuardedFetchOptions
  /** What `for` added to the subject. */
  readonly added: Subject
  readonly calls: OpenCalls
  readonly routes: Routes
  readonly onError: (error: unknown) => void
}

/** A call that is understood: what it asks for, who pays. */
export interface Asked {
  readonly context: Context
  readonly incoming: Incoming
  readonly route: Extract<Route, { kind: "guarded" }>
  readonly read: ReadBody
  readonly body: Readonly<Record<string, unknown>>
  readonly call: Call
  readonly subject: Subject
  /** How the stream is held; null where it is held whole. */
  readonly slicing: Slicing | null
}
