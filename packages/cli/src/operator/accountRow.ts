import { encodeKey } from "@spendfuse/adapters/admin"
import { paceText } from "@spendfuse/adapters/notifier"
import type { Burn } from "./burn.ts"
import type { Judged } from "./judged.ts"

/** An account with its pace. */
export interface AccountRow extends Judged {
  readonly burn: Burn | null
}

/** An account as JSON: amounts are decimal texts in the unit (nano-USD for `usd`), instants epoch milliseconds. */
export const accountJson = (row: AccountRow): Readonly<Record<string, unknown>> => {
  const { account, budget, terms, view, burn, periodEndMs } = row
  return {
    key: account.key,
    text: encodeKey(account.key),
    budget,
    unit: terms.unit,
    settled: String(view.settled),
    held: String(view.held),
    limit: String(view.limit),
    cap: finite(view.cap),
    remaining: finite(view.remaining),
    circuit: view.circuit,
    generation: view.generation,
    untilMs: view.untilMs,
    level: String(view.level),
    periodEndMs,
    perMinute: burn === null ? null : String(Math.round(burn.perMinute)),
    sinceMs: burn?.sinceMs ?? null,
    toCapMs: burn?.toCapMs ?? null,
  }
}

const finite = (amount: number): string | null => (Number.isFinite(amount) ? String(amount) : null)

/** `$2 a minute`; a dash where nobody knows. */
export const burnText = ({ burn, terms }: AccountRow): string =>
  burn === null || burn.perMinute === 0
    ? "–"
    : paceText({ sinceMs: burn.sinceMs, perMs: burn.perMinute / 60_000, toCapMs: null }, terms.unit)

/** What of the cap is used, from 0; the share of the limit where there is no cap. */
export const usedShare = ({ view, terms }: Judged): number => {
  const most = Number.isFinite(view.cap) ? view.cap : terms.limit
  return most > 0 ? (view.settled + view.held) / most : 0
}

/** By what needs a person first: circuits that refuse, then the time to the cap, then what of it is used. */
export const byRoom = (one: AccountRow, other: AccountRow): number =>
  STRENGTH[other.view.circuit] - STRENGTH[one.view.circuit] ||
  within(one) - within(other) ||
  usedShare(other) - usedShare(one) ||
  byKey(one, other)

/** By pace, as a share of the limit: units differ. */
export const byBurn = (one: AccountRow, other: AccountRow): number =>
  share(other) - share(one) || byRoom(one, other)

/** By key. */
export const byKey = (one: AccountRow, other: AccountRow): number =>
  one.account.key < other.account.key ? -1 : one.account.key > other.account.key ? 1 : 0

const STRENGTH = { latched: 3, open: 2, "half-open": 1, closed: 0 }

const HOUR_MS = 3_600_000

/** Beyond an hour the pace says little: there the used share decides. */
const within = ({ burn }: AccountRow): number =>
  burn?.toCapMs === null || burn === null || burn.toCapMs > HOUR_MS ? HOUR_MS : burn.toCapMs

const share = ({ burn, terms }: AccountRow): number =>
  burn === null || terms.limit === 0 ? 0 : burn.perMinute / terms.limit
