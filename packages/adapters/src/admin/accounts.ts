import type { AccountOf, Remaining, Spendfuse, Store } from "@spendfuse/core"
import { RequestFailed } from "@spendfuse/core"
import { decodeKey, encodeKey } from "./keyText.ts"
import type { AccountDetail, AccountView, CircuitState, TierView } from "./views.ts"

type Kept = Awaited<ReturnType<Store["list"]>>["items"][number]

/**
 * The budget and the subject that a key is made of.
 *
 * @returns undefined where the policy has no such budget, or the key is none of it
 */
export const accountOf = (spendfuse: Spendfuse, key: string): AccountOf | undefined => {
  const slash = key.indexOf("/")
  const budget = spendfuse.policy.budgets.find(({ id }) => id === key.slice(0, slash))
  if (slash < 0 || budget === undefined) return undefined
  const values = valuesOf(key.slice(slash + 1), budget.per.length)
  if (values === undefined) return undefined
  const pairs = budget.per.map((dimension, at) => [dimension, values[at] ?? ""] as const)
  const subject = Object.fromEntries(pairs.filter(([dimension]) => dimension !== PLATFORM))
  const account = { budget: budget.id, subject }
  return isOf(spendfuse, account, key) ? account : undefined
}

/** One account as judged now. @throws StoreUnavailable */
export const viewOf = async (spendfuse: Spendfuse, account: AccountOf): Promise<AccountView> =>
  judgedView(spendfuse, account, await spendfuse.account(account))

/** The same with the tiers that hold for it. @throws StoreUnavailable */
export const detailOf = async (
  spendfuse: Spendfuse,
  account: AccountOf,
): Promise<AccountDetail> => ({
  ...(await viewOf(spendfuse, account)),
  tiers: spendfuse.operator.lineOf(account).terms.tiers.map(tierView),
})

/** What the accounts of a page are asked by. */
export interface AccountsAsked {
  readonly after: string | undefined
  readonly limit: number
  readonly budget: string | undefined
  readonly circuit: CircuitState | undefined
}

/** A page of accounts by key. It may be short though more follow: one that looks for a circuit ends its search. */
export const accountsOf = async (
  spendfuse: Spendfuse,
  store: Store,
  asked: AccountsAsked,
): Promise<AccountsFound> => {
  const { limit, budget } = asked
  const items: AccountView[] = []
  const isAll = budget === undefined && asked.circuit === undefined
  const size = isAll ? limit : Math.max(limit, LISTED)
  let from = startOf(asked.after, budget)
  for (let looked = 0; looked < LOOKED_MAX; looked += size) {
    const page = await store.list({ limit: size, ...(from !== undefined && { after: from }) })
    const last = page.items.at(-1)?.key
    const isPast = budget !== undefined && last !== undefined && last >= `${budget}0`
    const isEnd = page.next === null || isPast
    const candidates = page.items.filter((kept) => mayBe(kept, asked))
    for (let at = 0; at < candidates.length; at += limit) {
      const some = candidates.slice(at, at + limit)
      for (const view of await Promise.all(some.map((kept) => keptView(spendfuse, kept)))) {
        if (asked.circuit !== undefined && view.circuit !== asked.circuit) continue
        items.push(view)
        if (items.length < limit) continue
        return {
          items,
          next: isEnd && view.key === candidates.at(-1)?.key ? null : encodeKey(view.key),
        }
      }
    }
    if (isEnd || page.next === null) return { items, next: null }
    from = page.next
  }
  return { items, next: from === undefined ? null : encodeKey(from) }
}

/** A page, and what the next one goes on from. */
export interface AccountsFound {
  readonly items: readonly AccountView[]
  readonly next: string | null
}

/** The key that a page goes on from. @returns undefined where no page has said so */
export const cursorOf = (after: string | undefined): string | undefined =>
  after === undefined ? undefined : decodeKey(after)

const PLATFORM = "platform"
/** Accounts that one search looks at, and how many of them the store lists at once. */
const LOOKED_MAX = 2_000
const LISTED = 200

/** What is closed as it was written is closed when it is judged. */
const mayBe = ({ key, circuit: { state } }: Kept, { budget, circuit }: AccountsAsked): boolean =>
  (budget === undefined || key.startsWith(`${budget}/`)) &&
  (circuit === undefined || circuit === "closed" || state !== "closed")

/** Keys of one budget lie together: what sorts before them is passed over. */
const startOf = (after: string | undefined, budget: string | undefined): string | undefined => {
  const first = budget === undefined ? undefined : `${budget}.\uffff`
  return first !== undefined && (after === undefined || after < first) ? first : after
}

/** All values but the last carry their length. */
const valuesOf = (text: string, count: number): readonly string[] | undefined => {
  const values: string[] = []
  let rest = text
  while (values.length < count - 1) {
    const length = /^(0|[1-9]\d{0,8}):/.exec(rest)?.[1]
    if (length === undefined) return undefined
    const start = length.length + 1
    const end = start + Number(length)
    if (rest[end] !== "/") return undefined
    values.push(rest.slice(start, end))
    rest = rest.slice(end + 1)
  }
  return [...values, rest]
}

/** The policy itself is asked for the key of what was read. */
const isOf = (spendfuse: Spendfuse, account: AccountOf, key: string): boolean => {
  try {
    return spendfuse.operator.lineOf(account).account === key
  } catch (error) {
    if (error instanceof RequestFailed) return false
    throw error
  }
}

const keptView = async (spendfuse: Spendfuse, kept: Kept): Promise<AccountView> => {
  const account = accountOf(spendfuse, kept.key)
  return account === undefined ? unboundView(kept) : viewOf(spendfuse, account)
}

const judgedView = (spendfuse: Spendfuse, account: AccountOf, found: Remaining): AccountView => ({
  key: found.account,
  budget: found.budget,
  subject: account.subject,
  unit: found.unit,
  settled: String(found.settled),
  held: String(found.held),
  limit: String(found.limit),
  cap: amountOrNull(found.cap),
  remaining: amountOrNull(found.remaining),
  circuit: found.circuit,
  generation: found.generation,
  untilMs: found.untilMs,
  level: String(found.level),
  ...spanOf(spendfuse.operator.lineOf(account)),
})

type Line = ReturnType<Spendfuse["operator"]["lineOf"]>
type Tier = Line["terms"]["tiers"][number]
type Span = Pick<AccountView, "periodStartMs" | "periodEndMs">

const NO_SPAN: Span = { periodStartMs: null, periodEndMs: null }

/** A bucket of a sliding window is no period of people's, and a lifetime has no end. */
const spanOf = ({ period, terms }: Pick<Line, "period" | "terms">): Span =>
  terms.slidingMs > 0 || period.endMs >= FOREVER_MS
    ? NO_SPAN
    : { periodStartMs: period.startMs, periodEndMs: period.endMs }

const FOREVER_MS = 8_640_000_000_000_000

const tierView = ({ at, repeat, percent, effect, degrade, notify, message }: Tier): TierView => ({
  at: String(at),
  repeat: String(repeat),
  percent,
  effects: [
    ...(notify.length > 0 ? (["notify"] as const) : []),
    ...(degrade !== null ? (["degrade"] as const) : []),
    ...(effect !== null ? [effect.kind] : []),
  ],
  notify,
  message,
})

/** Of a budget that the policy no longer has: as it was last written. */
const unboundView = ({ key, circuit, meters }: Kept): AccountView => {
  const meter = meters.at(-1)
  return {
    key,
    budget: key.slice(0, Math.max(0, key.indexOf("/"))),
    subject: null,
    unit: meter?.terms.unit ?? "usd",
    settled: String(meter?.settled ?? 0),
    held: String(meter?.held ?? 0),
    limit: String(meter?.terms.limit ?? 0),
    cap: null,
    remaining: null,
    circuit: circuit.state,
    generation: circuit.generation,
    untilMs: "untilMs" in circuit ? circuit.untilMs : null,
    level: "0",
    ...(meter === undefined ? NO_SPAN : spanOf(meter)),
  }
}

const amountOrNull = (amount: number): string | null =>
  Number.isFinite(amount) ? String(amount) : null
