import { type Account, keptOf, type Ledger, type Unit } from "@spendfuse/core/domain"
import { type StoreCheck, type StoreInspection, storeCheck } from "@spendfuse/core/ports"
import { withJournalCopy } from "../store/journalCopy.ts"

/**
 * Looks at a copy of a journal: the file itself is its host's, and stays as it is.
 *
 * @throws CliError where there is none; StoreCorrupt where it cannot be read
 */
export const inspectJournal = (
  path: string,
  onAccounts: ((accounts: readonly Account[]) => void) | undefined,
): Promise<StoreInspection> =>
  withJournalCopy(path, ({ store: { ledger }, isTorn }) => {
    onAccounts?.([...ledger.accounts.values()])
    return {
      facts: factsOf(path, ledger),
      checks: [countersCheck(ledger), endCheck(isTorn), overdueCheck(ledger)],
    }
  })

const factsOf = (path: string, ledger: Ledger): Readonly<Record<string, string>> => {
  const accounts = [...ledger.accounts.values()]
  return {
    kind: "memory with a journal",
    address: path,
    accounts: String(accounts.length),
    meters: String(accounts.reduce((sum, { meters }) => sum + meters.length, 0)),
    reservations: String(runningIn(ledger).length),
    endsWithProcess: "no",
  }
}

const runningIn = (ledger: Ledger) =>
  keptOf(ledger).reservations.filter(({ state }) => state === "running")

const countersCheck = (ledger: Ledger): StoreCheck => {
  const open = new Map<string, number>()
  const add = (account: string, unit: Unit, amount: number): void => {
    const key = `${JSON.stringify(account)} ${unit}`
    open.set(key, (open.get(key) ?? 0) + amount)
  }
  for (const { key, meters } of ledger.accounts.values())
    for (const { terms, held } of meters) add(key, terms.unit, held)
  for (const { lines, hold, settled } of runningIn(ledger))
    for (const { account, terms } of lines)
      add(account, terms.unit, -Math.max(0, hold[terms.unit] - settled[terms.unit]))
  const differing = [...open].filter(([, rest]) => rest !== 0)
  const [one] = differing
  if (one === undefined)
    return storeCheck(
      "counters",
      `${ledger.accounts.size} accounts hold what their reservations hold`,
      false,
    )
  return storeCheck("counters", `${differing.length} differ: ${one[0]} by ${one[1]}`, [
    "fail",
    "what is held without a reservation is never given back",
    "report it, with the journal: no host of this version writes such a one",
  ])
}

const endCheck = (isTorn: boolean): StoreCheck =>
  storeCheck(
    "end",
    isTorn ? "the last record is not whole" : "the last record is whole",
    isTorn && [
      "warn",
      "a host is writing it now, or was ended while it wrote; it was not answered",
      "nothing: the next host that opens the journal cuts it off",
    ],
  )

const overdueCheck = (ledger: Ledger): StoreCheck => {
  const ends = runningIn(ledger).map(({ expiresAtMs }) => expiresAtMs)
  const lateMs = Math.max(0, ...ends.map((endMs) => Date.now() - endMs))
  if (lateMs <= OVERDUE_MS)
    return storeCheck("overdue", "no reservation is long past its end", false)
  return storeCheck("overdue", `the oldest is ${Math.round(lateMs / 1_000)} s past its end`, [
    "warn",
    "no host has ended what expired: none is running, or the file is an older copy",
    "start a host; where the file was restored, look at what the provider has billed since",
  ])
}

const OVERDUE_MS = 300_000
