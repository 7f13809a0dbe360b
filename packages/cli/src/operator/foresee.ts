import {
  type Acknowledge,
  apply,
  copyOfAccount,
  emptyLedger,
  type Outcome,
  type View,
} from "@spendfuse/core/domain"
import type { FoundAccount } from "./findAccount.ts"
import { type Judged, judgedOf } from "./judged.ts"

/** What is shown before it is done: by the same step that every store runs. */
export interface Foreseen {
  readonly outcome: Outcome
  readonly after: View
}

/** An acknowledgement without who gives it. */
export type Asked = Pick<Acknowledge, "generation" | "upTo" | "allow">

/** What a person is shown: the circuit's generation, and what is used or was reached. */
export const shownOf = ({ view }: Judged): Omit<Asked, "allow"> => ({
  generation: view.generation,
  upTo: Math.max(view.settled + view.held, view.level),
})

/** What an acknowledgement would do now, on a copy of the account alone. */
export const foresee = (
  { account, storeTimeMs }: FoundAccount,
  judged: Judged,
  asked: Asked,
): Foreseen => {
  const ledger = emptyLedger()
  ledger.accounts.set(account.key, copyOfAccount(account))
  const { outcome } = apply(
    ledger,
    {
      kind: "acknowledge",
      id: { source: "foreseen", n: 1 },
      done: 0,
      division: account.division,
      account: account.key,
      line: judged.line,
      by: "nobody",
      why: "to see what it would do",
      ...asked,
    },
    storeTimeMs,
  )
  const after = ledger.accounts.get(account.key) ?? account
  return { outcome, after: judgedOf(after, storeTimeMs).view }
}
