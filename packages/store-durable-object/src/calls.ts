import type { Command, Line } from "@spendfuse/core/domain"
import type { Applied, Store } from "@spendfuse/core/ports"
import { fromJson, toJson } from "@spendfuse/core/wire"
import type { Turned } from "./sharedSwitches.ts"

/** What an object can be asked, and what it answers: the store's own methods, and what holds divisions together. */
export interface Verbs {
  apply(commands: readonly SentCommand[]): readonly Applied[]
  read: Asked<"read">
  list: Asked<"list">
  events: Asked<"events">
  audit: Asked<"audit">
  deadLetters: Asked<"deadLetters">
  claim: Asked<"claim">
  confirm: Asked<"confirm">
  retry: Asked<"retry">
  deadLetter: Asked<"deadLetter">
  resend: Asked<"resend">
  /** A page of what nobody has heard, and the cursor before which all was heard. */
  unheard(query: { readonly after?: string; readonly limit: number }): {
    readonly page: Awaited<ReturnType<Store["unheard"]>>
    readonly heard: string
  }
  /** In `*`: lists a division, and says what it must take over. */
  enlist(division: string): Turned
  /** In `*`: names of divisions, encoded, after one. */
  divisions(after: string, limit: number): readonly string[]
  /** In `*`: the switches that are off there. */
  switches(): Turned
  /** Elsewhere: takes switches over. */
  take(turned: Turned): null
}

type Asked<Method extends keyof Store> = Store[Method] extends (
  ...args: infer Args
) => Promise<infer Value>
  ? (...args: Args) => Value
  : never

/** A command whose lines are a text: most calls of one subject have the same, which are then read once. */
export type SentCommand = Sent<Command>

type Sent<One> = One extends { readonly lines: readonly Line[] }
  ? Omit<One, "lines"> & { readonly lines: string }
  : One

/** One call to an object. */
export interface Call<Verb extends keyof Verbs = keyof Verbs> {
  readonly division: string
  readonly verb: Verb
  readonly args: Parameters<Verbs[Verb]>
  /** The caller's clock in place of the object's own, epoch milliseconds: for tests. */
  readonly nowMs?: number
}

/** What comes back: a value, or why there is none. */
export type Answer =
  | { readonly ok: true; readonly value: unknown }
  | {
      readonly ok: false
      /** `unlisted`: the division must be listed in `*` first. `asked-wrong`: a RangeError of the caller. */
      readonly fault: "unlisted" | "corrupt" | "asked-wrong" | "failed"
      readonly detail: string
    }

export const callText = (call: Call): string => toJson(call)
export const answerText = (answer: Answer): string => toJson(answer)

/** @throws SyntaxError for what is no call */
export const callOf = (text: string): Call => decoded(text) as Call

/** @throws SyntaxError for what is no answer */
export const answerOf = (text: string): Answer => decoded(text) as Answer

const decoded = (text: string): unknown => {
  const read = fromJson(text)
  if (!read.ok || typeof read.value !== "object" || read.value === null)
    throw new SyntaxError(read.ok ? "it is not an object" : read.reason)
  return read.value
}
