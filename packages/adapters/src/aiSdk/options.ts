import type { Amounts, Subject } from "@spendfuse/core"
import type { NamedInput } from "../fetch/inputBound.ts"
import type { NamedModel } from "./models.ts"
import type { AiSdkCall, SessionLike } from "./payer.ts"

/** Who pays for the calls of the AI SDK, and how they are guarded. */
export interface AiSdkGuardOptions {
  /** Who pays: for all calls, or told from each. Nothing is bound unless given. */
  readonly subject?: Subject | ((call: AiSdkCall) => Subject | Promise<Subject>)
  /** A session pays instead of a subject: one, or the current one (`() => sessions.current()`). */
  readonly session?: SessionLike | (() => SessionLike | undefined)
  /** The calls give the session's last answer: they find what it kept back. */
  readonly isFinal?: boolean
  /**
   * The models that the policy's fallbacks name, by `model` or by `provider/model`. Each of the same
   * specification as the model that is wrapped.
   */
  readonly models?: Readonly<Record<string, NamedModel>>
  /** By its price list's name; told from the model's `provider` unless given. */
  readonly provider?: (model: NamedModel) => string
  /**
   * What a call of an image model costs at most, and what is counted for it: `({ n }) => ({ usd: n * 40_000_000 })` in
   * nano-USD. Needed where the model is not billed by tokens; null, and not given: by tokens.
   */
  readonly imageCost?: (call: {
    readonly model: NamedModel
    readonly n: number
    readonly size: string | undefined
  }) => Partial<Amounts> | null
  /** Bounds of input that a prompt only names, in tokens. */
  readonly namedInput?: Partial<NamedInput>
  /** How long to wait where the budget is only `busy`, milliseconds; the engine's unless given. */
  readonly waitMs?: number
  /** Whether an error proves that the call cost nothing. Default: as `guardedFetch` judges answers and connections. */
  readonly isFree?: (error: unknown) => boolean
  /**
   * A call of which nothing is heard for this long counts whole: a stream that nobody reads. Milliseconds;
   * 900,000 (15 minutes) unless given.
   */
  readonly silenceMs?: number
  /** Told where the spend of a call could not be counted. Default: the error's name to the console. */
  readonly onError?: (error: unknown) => void
}
