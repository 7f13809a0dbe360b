/** What a store must do, one sentence each. The tutorial on writing a store says what a conviction means. */
export const LAWS: Readonly<Record<LawId, string>> = {
  /** One caller, batches of 1 to 256 commands: outcome, events and accounts after each batch. */
  C1: "lockstep: a store answers, tells and keeps what the core does",
  /** Many callers at once, some batches sent twice at the same time: the ranks are an order that explains all. */
  C2: "one order: what happens at once could have happened one after the other",
  /** Reopened in the middle, batches sent again whole: the same answers, and nothing is done twice. */
  C3: "reopening: a new process finds everything, and what is sent again counts once",
  /**
   * Claim, lease, confirm, retry, dead letter with what is told of it, resend, audit: in order per account and
   * channel, nothing lost or told twice at once.
   */
  C4: "outbox: each event waits for its channels, in order, until somebody has told it",
  /** Only where the suite can write a record as a newer version would. */
  C5: "newer version: what cannot be read is StoreCorrupt, and nothing is changed",
  /** Accounts, sources, divisions and switches with the most confusable names at once. */
  C6: "any text: names are never cut, joined, folded or taken for each other",
  /** Ends of periods, holds, cool-downs, switches and silent sources, one millisecond before, at and after. */
  C7: "edges: an end counts at its very millisecond, on days of 23 and 25 hours too",
  /** Any page size, the latest too: each entry once, in order; a cursor stays a place; only the hook says what it heard. */
  C8: "pages: lists and logs read by pages are whole and in order, and reading changes nothing",
}

/** The name of a law: `C1` to `C8`. */
export type LawId = "C1" | "C2" | "C3" | "C4" | "C5" | "C6" | "C7" | "C8"
