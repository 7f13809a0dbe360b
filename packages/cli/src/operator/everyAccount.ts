import type { Account } from "@spendfuse/core/domain"
import type { Page, Store } from "@spendfuse/core/ports"

const PAGE = 500
/** So many accounts are looked at; what lies behind is said to be left out. */
export const ACCOUNTS_MAX = 200_000

/** What was found, and whether there are more than one look takes. */
export interface Found {
  readonly accounts: readonly Account[]
  readonly looked: number
  readonly isCut: boolean
}

/** Which accounts are wanted, and how many are looked at. */
export interface Asked {
  readonly budget?: string
  readonly keep?: (account: Account) => boolean
  readonly most?: number
}

/** Reads the accounts of a store page by page, those of one budget alone where it is named. */
export const everyAccount = async (
  store: Pick<Store, "list">,
  { budget, keep = () => true, most = ACCOUNTS_MAX }: Asked = {},
): Promise<Found> => {
  const prefix = budget === undefined ? "" : `${budget}/`
  const accounts: Account[] = []
  let looked = 0
  // Keys of one budget lie together: what sorts before them is passed over, and the first behind them is the end.
  let after = budget === undefined ? undefined : `${budget}.\uffff`
  while (looked < most) {
    const page: Page<Account> = await store.list({
      limit: PAGE,
      ...(after !== undefined && { after }),
    })
    for (const account of page.items) {
      if (!account.key.startsWith(prefix)) continue
      looked += 1
      if (keep(account)) accounts.push(account)
    }
    const last = page.items.at(-1)?.key ?? ""
    const isPast = prefix !== "" && !last.startsWith(prefix) && last > prefix
    if (page.items.length < PAGE || page.next === null || isPast)
      return { accounts, looked, isCut: false }
    after = page.next
  }
  return { accounts, looked, isCut: true }
}

/** The store's clock. */
export const storeTimeOf = async (store: Pick<Store, "read">): Promise<number> => {
  const [record] = await store.read(["/"])
  return record?.storeTimeMs ?? Date.now()
}
