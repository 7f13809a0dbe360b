import type { Amounts } from "../domain/terms.ts"
import type { Period } from "../domain/window.ts"

/** What an engine tells its host beside decisions; nobody's prompt, key or URL is in it. */
export type Notice =
  | { readonly kind: "warning"; readonly message: string }
  /** As it should be, and worth knowing once: the console is silent about it by default. */
  | { readonly kind: "note"; readonly message: string }
  /** Money that was spent and could not be counted: a person must. */
  | {
      readonly kind: "unposted"
      readonly accounts: readonly string[]
      readonly amounts: Amounts
      readonly message: string
    }
  /** A settlement without a price, or none at all: the whole hold was counted. */
  | { readonly kind: "assumed"; readonly reservation: string; readonly message: string }
  /** The store lost what it had answered: it was restored, or failed over. Known latches and switches are set again. */
  | { readonly kind: "ledger-rewound"; readonly message: string }
  /** Two hosts cut the time of one account differently. */
  | {
      readonly kind: "period-mismatch"
      readonly account: string
      readonly ours: Period
      readonly theirs: Period
      readonly message: string
    }
