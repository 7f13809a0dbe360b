import type { JSX } from "preact"
import { useRef, useState } from "preact/hooks"
import type { Burn } from "./history.ts"
import type { Seen } from "./live.ts"
import { Sparkline } from "./sparkline.tsx"
import type { Account } from "./views.ts"
import { amountText, lengthText, name, timeText, whoOf } from "./words.ts"

const ORDERS = { cap: "Closest to the cap", burn: "Fastest burn", name: "Name" } as const
type Order = keyof typeof ORDERS

const SHOWN = 50

/** Accounts as cards: those that are stopped first, then in the chosen order. */
export const Accounts = ({
  seen,
  onOpen,
}: {
  readonly seen: Seen
  readonly onOpen: (key: string) => void
}): JSX.Element => {
  const [order, setOrder] = useState<Order>("cap")
  const [words, setWords] = useState("")
  const [count, setCount] = useState(SHOWN)
  const list = useRef<HTMLUListElement>(null)
  const standing = useRef<readonly string[]>([])
  const found = seen.accounts.filter((account) => isFound(account, words))
  // Nothing moves away from under a finger or a focus.
  const isHeld = list.current?.matches(":focus-within, :hover") === true
  const sorted = isHeld ? asBefore(found, standing.current) : sortedBy(order, found, seen)
  standing.current = sorted.map(({ key }) => key)
  return (
    <section aria-labelledby="accounts">
      <h2 id="accounts">Accounts</h2>
      <div class="filters">
        <label>
          Order
          <select
            value={order}
            onChange={({ currentTarget }) => setOrder(currentTarget.value as Order)}
          >
            {Object.entries(ORDERS).map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
        </label>
        <label>
          Find
          <input
            type="search"
            value={words}
            onInput={({ currentTarget }) => setWords(currentTarget.value)}
          />
        </label>
      </div>
      {seen.isCut && (
        <p class="quiet">
          There are more accounts than these {seen.accounts.length}. All that are stopped are here.
        </p>
      )}
      {seen.atMs !== null && found.length === 0 && (
        <p class="quiet">
          {words === "" ? "Nothing has been spent yet." : "No account is called that."}
        </p>
      )}
      <ul class="cards" ref={list}>
        {sorted.slice(0, count).map((account) => (
          <Card key={account.key} {...{ account, seen, onOpen }} />
        ))}
      </ul>
      {sorted.length > count && (
        <button type="button" onClick={() => setCount(count + SHOWN)}>
          Show more
        </button>
      )}
    </section>
  )
}

const Card = ({
  account,
  seen: { history, events },
  onOpen,
}: {
  readonly account: Account
  readonly seen: Seen
  readonly onOpen: (key: string) => void
}): JSX.Element => {
  const { settled, held, limit, cap, remaining, unit, budget } = account
  const burn = history.burnOf(account)
  const who = whoOf(account)
  return (
    <li class={`card ${account.circuit}`}>
      <h3>
        {who} <span class="quiet">{name(budget)}</span>
      </h3>
      <CircuitBadge account={account} />
      <Bar account={account} />
      <dl>
        <Fact is="Spent" text={`${amountText(settled, unit)} of ${amountText(limit, unit)}`} />
        {held !== "0" && <Fact is="Held" text={amountText(held, unit)} />}
        <Fact
          is="To the cap"
          text={remaining === null || cap === null ? "no cap" : amountText(remaining, unit)}
        />
        <Fact is="Burn" text={burnText(burn, account)} />
      </dl>
      <Sparkline points={history.curveOf(account, events)} unit={unit} />
      <button type="button" onClick={() => onOpen(account.key)}>
        Details<span class="unseen"> of {`${who}, ${name(budget)}`}</span>
      </button>
    </li>
  )
}

export const Fact = ({ is, text }: { readonly is: string; readonly text: string }): JSX.Element => (
  <div>
    <dt>{is}</dt>
    <dd>{text}</dd>
  </div>
)

/** Forms, for who does not tell the colours apart: a disc, a triangle, a half disc, a square. */
const MARKS = {
  closed: "M5 1a4 4 0 1 0 0 8a4 4 0 1 0 0-8z",
  open: "M5 1L9.5 9h-9z",
  "half-open": "M5 1a4 4 0 0 0 0 8z",
  latched: "M1 1h8v8H1z",
} as const

/** The circuit in a word and a form, never by its colour alone. */
export const CircuitBadge = ({ account }: { readonly account: Account }): JSX.Element => {
  const { circuit, untilMs } = account
  const until = untilMs === null ? "" : ` until ${timeText(untilMs)}`
  return (
    <p class={`badge ${circuit}`}>
      <svg class="mark" aria-hidden="true" viewBox="0 0 10 10">
        <path d={MARKS[circuit]} />
      </svg>
      {circuit}
      {until}
    </p>
  )
}

/** What is spent and held of the cap; the text beside it says the same. */
const Bar = ({ account }: { readonly account: Account }): JSX.Element => {
  const whole = Math.max(1, Number(account.cap ?? account.limit))
  const spent = Math.min(100, (100 * Number(account.settled)) / whole)
  const held = Math.min(100 - spent, (100 * Number(account.held)) / whole)
  return (
    <svg class="bar" aria-hidden="true" viewBox="0 0 100 4" preserveAspectRatio="none">
      <rect class="spent" width={spent} height="4" />
      <rect class="held" x={spent} width={held} height="4" />
    </svg>
  )
}

const HOUR_MS = 3_600_000

const burnText = (burn: Burn | null, { remaining, unit }: Account): string => {
  if (burn === null) return "not known yet"
  if (burn.perMs === 0) return burn.isRecent ? "nothing now" : "nothing"
  const pace = `${amountText(Math.round(burn.perMs * HOUR_MS), unit)} an hour${burn.isRecent ? "" : " on average"}`
  const left = remaining === null ? 0 : Number(remaining)
  return left > 0 ? `${pace}; cap in ${lengthText(left / burn.perMs)}` : pace
}

const isFound = ({ key }: Account, words: string): boolean =>
  key.toLowerCase().includes(words.trim().toLowerCase())

const asBefore = (accounts: readonly Account[], keys: readonly string[]): readonly Account[] => {
  const places = new Map(keys.map((key, place) => [key, place]))
  const placeOf = ({ key }: Account): number => places.get(key) ?? places.size
  return accounts.toSorted((one, other) => placeOf(one) - placeOf(other))
}

const UNITS = ["usd", "tokens", "requests"] as const

const sortedBy = (
  order: Order,
  accounts: readonly Account[],
  { history }: Seen,
): readonly Account[] => {
  const rankOf = (account: Account): readonly number[] => {
    if (order === "name") return []
    if (order === "burn")
      return [UNITS.indexOf(account.unit), -(history.burnOf(account)?.perMs ?? -1)]
    return [account.circuit === "closed" ? 1 : 0, roomOf(account)]
  }
  return accounts
    .map((account) => ({ account, ranks: rankOf(account) }))
    .toSorted((one, other) => compared(one.ranks, other.ranks) || byKey(one.account, other.account))
    .map(({ account }) => account)
}

/** The part of the cap that is left, 0 to 1; what has no cap is far from it. */
const roomOf = ({ remaining, cap }: Account): number =>
  remaining === null || cap === null ? 2 : Number(remaining) / Math.max(1, Number(cap))

const compared = (one: readonly number[], other: readonly number[]): number =>
  one.map((rank, at) => rank - (other[at] ?? 0)).find((difference) => difference !== 0) ?? 0

const byKey = (one: Account, other: Account): number => (one.key < other.key ? -1 : 1)
