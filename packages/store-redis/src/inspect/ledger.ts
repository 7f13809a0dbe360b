import type { Account } from "@spendfuse/core/domain"
import { type StoreCheck, StoreCorrupt, storeCheck } from "@spendfuse/core/ports"
import { decodeText } from "@spendfuse/core/wire"
import { baseOf, LAYOUT, registryOf } from "../keys.ts"
import { recordsOf } from "../records.ts"
import { SCRIPTS } from "../scripts.ts"
import type { Inspected } from "./client.ts"

/** What the keys under a prefix say. */
export interface LedgerSeen {
  readonly layout: string
  readonly divisions: number
  readonly accounts: number
  readonly meters: number
  readonly reservations: number
  readonly checks: readonly StoreCheck[]
}

type OnAccounts = (accounts: readonly Account[]) => void

interface Sums {
  readonly onAccounts: OnAccounts | undefined
  divisions: number
  accounts: number
  meters: number
  reservations: number
  unreadable: number
  oldestEndMs: number
  tooMany: number
  isCut: boolean
  readonly differ: Map<string, string>
}

/** Compares every account with the reservations that run, division by division, each page in one atomic look. */
export const ledgerSeen = async (
  redis: Inspected,
  prefix: string,
  onAccounts: OnAccounts | undefined,
): Promise<LedgerSeen> => {
  const [divisionsKey, layoutKey] = registryOf(prefix)
  const layout = await redis.ask("GET", layoutKey)
  const sums: Sums = {
    onAccounts,
    divisions: Number(await redis.ask("ZCARD", divisionsKey)),
    accounts: 0,
    meters: 0,
    reservations: 0,
    unreadable: 0,
    oldestEndMs: Number.POSITIVE_INFINITY,
    tooMany: 0,
    isCut: false,
    differ: new Map(),
  }
  const isReadable = layout === null || Number(layout) <= LAYOUT
  if (isReadable)
    for await (const division of pagesOf(redis, divisionsKey))
      for (const one of division) await compare(redis, prefix, one, sums)
  const { divisions, accounts, meters, reservations } = sums
  return {
    layout: layout === null ? "none" : String(layout),
    divisions,
    accounts,
    meters,
    reservations,
    checks: [layoutCheck(layout), ...(isReadable ? [countersCheck(sums), overdueCheck(sums)] : [])],
  }
}

const PAGE = 500
const ACCOUNTS_MAX = 100_000
/** One look at so many takes a server some tens of milliseconds. */
const RESERVATIONS_MAX = 5_000

const pagesOf = async function* (redis: Inspected, key: string): AsyncGenerator<readonly string[]> {
  for (let after = "-"; ; ) {
    const page = await redis.ask("ZRANGEBYLEX", key, after, "+", "LIMIT", 0, PAGE)
    if (!Array.isArray(page) || page.length === 0) return
    yield page.map(String)
    after = `(${page.at(-1)}`
  }
}

const compare = async (
  redis: Inspected,
  prefix: string,
  encoded: string,
  sums: Sums,
): Promise<void> => {
  const division = decodeText(encoded)
  if (division === undefined) throw new StoreCorrupt("redis", "a division's name is none")
  const base = baseOf(prefix, division)
  const shared = redis.isCluster ? base : baseOf(prefix, "*")
  const look = async (accounts: readonly string[]): Promise<readonly string[]> => {
    const keys = [base, shared]
    const answer = await redis.ask("EVAL", SCRIPTS.holds, 2, ...keys, RESERVATIONS_MAX, ...accounts)
    return Array.isArray(answer) ? answer.map(String) : []
  }
  const first = await look([])
  noteRunning(first, sums)
  for (let at = 0; at < 64; at += 1)
    for await (const page of pagesOf(redis, `${base}names:${String(at).padStart(2, "0")}`)) {
      if (sums.accounts >= ACCOUNTS_MAX) {
        sums.isCut = true
        return
      }
      if (sums.onAccounts !== undefined)
        sums.onAccounts(await accountsOf(redis, base, shared, page))
      const found = await look(page)
      if (found[0] === "many") continue
      sums.accounts += Number(found[1])
      sums.meters += Number(found[2])
      noteDiffering(found, sums)
    }
}

const accountsOf = async (
  redis: Inspected,
  base: string,
  shared: string,
  page: readonly string[],
): Promise<readonly Account[]> => {
  const names = page.map((encoded) => decodeText(encoded) ?? encoded)
  const answer = await redis.ask("EVAL", SCRIPTS.read, 2, base, shared, "", ...page)
  return recordsOf(answer, names).flatMap(({ account }) => account ?? [])
}

const noteRunning = (found: readonly string[], sums: Sums): void => {
  if (found[0] === "many") {
    sums.reservations += Number(found[1])
    sums.tooMany += 1
    return
  }
  sums.reservations += Number(found[0])
  sums.unreadable += Number(found[3])
  if (found[4] !== "") sums.oldestEndMs = Math.min(sums.oldestEndMs, Number(found[4]))
  noteDiffering(found, sums)
}

const noteDiffering = (found: readonly string[], { differ }: Sums): void => {
  for (let at = 5; at + 3 < found.length; at += 4) {
    const [account = "", unit, held, reserved] = found.slice(at)
    const name = JSON.stringify(decodeText(account) ?? account)
    differ.set(`${account} ${unit}`, `${name} holds ${held} ${unit}, its reservations ${reserved}`)
  }
}

const layoutCheck = (layout: unknown): StoreCheck => {
  if (layout === null)
    return storeCheck("layout", "nothing is kept under this prefix", [
      "warn",
      "no host has used this store, or the prefix or the server is another one",
      "look at `prefix` and the address",
    ])
  return storeCheck(
    "layout",
    `layout ${layout}, this version writes ${LAYOUT}`,
    Number(layout) > LAYOUT && [
      "fail",
      "a newer version has written here, and this one refuses it",
      "upgrade this version",
    ],
  )
}

const countersCheck = ({
  differ,
  unreadable,
  tooMany,
  isCut,
  accounts,
  reservations,
}: Sums): StoreCheck => {
  const [one] = differ.values()
  if (one !== undefined)
    return storeCheck("counters", `${differ.size} differ: ${one}`, [
      "fail",
      "what is held without a reservation is never given back, and what is reserved without being held may pass the cap",
      "find out who wrote to these keys; the account is right again with its next period",
    ])
  if (unreadable > 0)
    return storeCheck("counters", `${unreadable} reservations or terms are missing`, [
      "fail",
      "keys were dropped or deleted while they were in use",
      "look at `maxmemory-policy`, and at who deletes keys",
    ])
  return storeCheck(
    "counters",
    `${accounts} accounts hold what ${reservations} reservations hold`,
    (tooMany > 0 || isCut) && [
      "warn",
      "not all was compared: one look at it would keep the server too long",
      "ask again when less is running",
    ],
  )
}

const overdueCheck = ({ oldestEndMs }: Sums): StoreCheck => {
  const lateMs = Math.max(0, Date.now() - oldestEndMs)
  const found =
    lateMs === 0
      ? "no reservation is past its end"
      : `the oldest is ${Math.round(lateMs / 1_000)} s past its end`
  return storeCheck(
    "overdue",
    found,
    lateMs > OVERDUE_MS && [
      "warn",
      "no host has ended what expired: none is running, or the server came back with older data",
      "start a host; after a restore look for its notice `ledger-rewound`, and at what the provider has billed since",
    ],
  )
}

const OVERDUE_MS = 300_000
