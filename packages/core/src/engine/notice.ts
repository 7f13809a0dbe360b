import type { Amounts } from "../domain/terms.ts"

/** What an engine tells its host beside decisions; nobody's prompt, key or URL is in it. */
export type Notice =
  | { readonly kind: "warning"; readonly message: string }
  /** Money that was spent and could not be counted: a person must. */
  | {
      readonly kind: "unposted"
      readonly accounts: readonly string[]
      readonly amounts: Amounts
      readonly message: string
    }
  /** A settlement without a price: the whole hold was counted. */
  | { readonly kind: "assumed"; readonly reservation: string; readonly message: string }
  /** The store lost what it had answered: it was restored, or failed over. */
  | { readonly kind: "ledger-rewound"; readonly message: string }
