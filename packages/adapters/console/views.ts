import type {
  AccountDetail,
  AccountView,
  MeView,
  OutcomeView,
  TierView,
} from "../src/admin/views.ts"

/** What the API answers; amounts are decimal texts. */
export type Account = AccountView
export type Detail = AccountDetail
export type Me = MeView
export type Outcome = OutcomeView
export type Tier = TierView
export type Unit = Account["unit"]

/** The fields of an event that the page looks at; all are checked before they are used. */
export interface LoggedEvent {
  readonly id: string
  readonly kind: string
  readonly atMs: number
  readonly text?: string
  readonly severity?: string
  readonly account?: string
  readonly settled?: string
  readonly periodStartMs?: number
}

export interface DeadLetter {
  readonly id: string
  readonly channel: string
  readonly event: LoggedEvent
  readonly attempts: number
  readonly createdAtMs: number
  readonly why: string
}

export interface Page<Item> {
  readonly items: readonly Item[]
  readonly next: string | null
}
