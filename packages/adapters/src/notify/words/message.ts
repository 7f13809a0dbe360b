import type { DomainEvent } from "@spendfuse/core"

/** How bad it is, in PagerDuty's words: a person must act, calls are refused, it goes that way, good to know. */
export type Severity = "critical" | "error" | "warning" | "info"

/** One named fact of a message: `Spent`, `$40 of $50 (80 %)`. */
export interface Fact {
  readonly name: string
  readonly text: string
}

/** Where a reader can go on; `href` is http or https. */
export interface Link {
  readonly text: string
  readonly href: string
}

/** What a delivery says, in plain text; each notifier puts it into its own form and escapes it. */
export interface Message {
  /** What happened, to whom, how much of what: one line for a phone. */
  readonly title: string
  readonly severity: Severity
  /** Whether it stands, is tried again, or is over. */
  readonly state: "standing" | "probation" | "over"
  /** Whose money, how much of how much, how fast, what is blocked and until when; ten at most are shown. */
  readonly facts: readonly Fact[]
  /** The policy's own words for it; empty where it has none. */
  readonly note: string
  /** What to do, in a sentence. */
  readonly todo: string
  /** Each event in a line, in order. */
  readonly lines: readonly string[]
}

/** Makes the message of one delivery; a notifier takes another one as its option `words`. */
export type Words = (events: readonly DomainEvent[]) => Message

/** What links are made for. `account` and `incident` hold what callers chose: encode them. */
export interface LinkedTo {
  readonly account: string
  readonly incident: string
  /** The circuit's generation, which an acknowledgement of what is told names. */
  readonly generation: number
  readonly severity: Severity
}

/**
 * Makes the links of a message, such as a runbook, a console, a page to acknowledge. Where they do not come within
 * two seconds, or it throws, the message goes without.
 */
export type Links = (about: LinkedTo) => readonly Link[] | Promise<readonly Link[]>

/** The options that every notifier with words for people takes. */
export interface WordsOptions {
  /** Other words; where they throw, the usual ones are sent. */
  readonly words?: Words
  /** Links below the message; five at most are shown. */
  readonly links?: Links
}
