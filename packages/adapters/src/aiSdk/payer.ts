import type { CallRequest, Decision } from "@spendfuse/core"
import type { NamedModel } from "./models.ts"

/** A call that is about to be made, as far as it may tell who pays. */
export interface AiSdkCall {
  readonly model: NamedModel
  /** As the caller gave them: `providerOptions: { spendfuse: { session: "s-1" } }` reaches you here. */
  readonly providerOptions: unknown
}

/** What of a session decides about calls. */
export interface SessionLike {
  readonly reserve: (
    request: Omit<CallRequest, "subject">,
    how?: { readonly isFinal?: boolean },
  ) => Promise<Decision>
}
