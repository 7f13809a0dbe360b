import { useEffect, useRef, useState } from "preact/hooks"
import { type Api, Problem } from "./api.ts"
import { History } from "./history.ts"
import type { Account, DeadLetter, LoggedEvent, Page } from "./views.ts"

/** What the page knows of the fuse. */
export interface Seen {
  readonly accounts: readonly Account[]
  /** There are more accounts than a page looks at; those that are stopped are all among them. */
  readonly isCut: boolean
  /** Newest first. */
  readonly events: readonly LoggedEvent[]
  readonly deadLetters: readonly DeadLetter[]
  readonly history: History
  /** When it was last heard, epoch milliseconds; null before the first time. */
  readonly atMs: number | null
  /** Why it is not heard now; null where it is. */
  readonly problem: string | null
}

const EVERY_MS = 5_000
const LATEST_MS = 60_000
const PAGE = 200
const PAGES_MAX = 5
const EVENTS_MAX = 200

/**
 * Looks again and again: every five seconds, more seldom where an answer takes long, doubling to a minute where
 * there is none, and not at all while the page is hidden.
 */
export const useLive = (
  api: Api,
  onRefused: (problem: string) => void,
): { readonly seen: Seen; readonly lookNow: () => void } => {
  const [seen, setSeen] = useState<Seen>(NOTHING)
  const lookNow = useRef<() => void>(() => undefined)
  const refused = useRef(onRefused)
  refused.current = onRefused
  useEffect(() => {
    const watch = watchOf(api, setSeen, (problem) => refused.current(problem))
    lookNow.current = watch.lookNow
    return watch.end
  }, [api])
  return { seen, lookNow: () => lookNow.current() }
}

const NOTHING: Seen = {
  accounts: [],
  isCut: false,
  events: [],
  deadLetters: [],
  history: new History(),
  atMs: null,
  problem: null,
}

const watchOf = (
  api: Api,
  tell: (seen: Seen) => void,
  onRefused: (problem: string) => void,
): { readonly lookNow: () => void; readonly end: () => void } => {
  const ended = new AbortController()
  let seen: Seen = { ...NOTHING, history: new History() }
  let cursor: string | null = null
  let failures = 0
  let isLooking = false
  let timer: ReturnType<typeof setTimeout> | undefined

  const look = async (): Promise<void> => {
    if (isLooking || ended.signal.aborted || document.visibilityState === "hidden") return
    clearTimeout(timer)
    isLooking = true
    const startMs = Date.now()
    const waitMs = await once(startMs)
    isLooking = false
    if (!ended.signal.aborted) timer = setTimeout(look, waitMs)
  }

  /** @returns how long to wait */
  const once = async (startMs: number): Promise<number> => {
    try {
      const { accounts, isCut } = await accountsFrom(api, ended.signal)
      const events = await eventsFrom(api, cursor, ended.signal)
      const dead = await optional(api.get<Page<DeadLetter>>(LATEST_DEAD, ended.signal))
      cursor = events.next ?? cursor
      const { history } = seen
      history.see(accounts, Date.now())
      seen = {
        ...{ accounts, isCut, history },
        events: [...events.items.toReversed(), ...seen.events].slice(0, EVENTS_MAX),
        deadLetters: dead.items.toReversed(),
        atMs: Date.now(),
        problem: null,
      }
      failures = 0
      tell(seen)
      return Math.min(LATEST_MS, Math.max(EVERY_MS, 10 * (Date.now() - startMs)))
    } catch (error) {
      if (ended.signal.aborted) return 0
      const { message, status, retryAfterMs } = Problem.of(error)
      if (status === 401) onRefused(message)
      // A log that was laid anew does not know the old cursor.
      if (status === 400) cursor = null
      seen = { ...seen, problem: message }
      tell(seen)
      failures += 1
      const backOffMs = EVERY_MS * 2 ** Math.min(failures, 4) * (0.75 + Math.random() / 2)
      return Math.max(retryAfterMs, Math.min(LATEST_MS, backOffMs))
    }
  }

  const whenShown = (): void => void look()
  document.addEventListener("visibilitychange", whenShown)
  void look()
  return {
    lookNow: () => void look(),
    end: () => {
      ended.abort()
      clearTimeout(timer)
      document.removeEventListener("visibilitychange", whenShown)
    },
  }
}

const accountsFrom = async (
  api: Api,
  signal: AbortSignal,
): Promise<{ readonly accounts: readonly Account[]; readonly isCut: boolean }> => {
  const found = new Map<string, Account>()
  let after: string | null = null
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const page: Page<Account> = await api.get(pathOf("accounts", { limit: PAGE, after }), signal)
    for (const account of page.items) found.set(account.key, account)
    after = page.next
    if (after === null) return { accounts: [...found.values()], isCut: false }
  }
  for (const circuit of ["latched", "open", "half-open"]) {
    const page: Page<Account> = await api.get(pathOf("accounts", { limit: PAGE, circuit }), signal)
    for (const account of page.items) found.set(account.key, account)
  }
  return { accounts: [...found.values()], isCut: true }
}

const LATEST_DEAD = "dead-letters?latest=true&limit=50"

/** At first the latest ones, then what came after them. */
const eventsFrom = (
  api: Api,
  after: string | null,
  signal: AbortSignal,
): Promise<Page<LoggedEvent>> =>
  optional(
    api.get(
      after === null ? "events?latest=true&limit=50" : pathOf("events", { limit: PAGE, after }),
      signal,
    ),
  )

/** A host that gave the API no store has no such list. */
const optional = <Item>(page: Promise<Page<Item>>): Promise<Page<Item>> =>
  page.catch((error: unknown) => {
    if (Problem.of(error).status === 501) return { items: [], next: null }
    throw error
  })

const pathOf = (path: string, query: Readonly<Record<string, string | number | null>>): string => {
  const given = Object.entries(query).flatMap(([field, value]) =>
    value === null ? [] : [[field, String(value)]],
  )
  return `${path}?${new URLSearchParams(given)}`
}
