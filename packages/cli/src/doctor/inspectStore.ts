import type { Account } from "@spendfuse/core/domain"
import type { StoreInspection } from "@spendfuse/core/ports"
import {
  openStore,
  placeOf,
  postgresPackage,
  redisPackage,
  type StoreFlags,
  told,
} from "../store/openStore.ts"
import { inspectJournal } from "./inspectJournal.ts"

/**
 * Looks at the store that the flags name, without writing to it.
 *
 * @param onAccounts hears of its accounts, page by page; where nobody wants to, they are not read
 * @throws CliError where it cannot be looked at; it quotes nothing secret
 */
export const inspectStore = (
  flags: StoreFlags,
  onAccounts: ((accounts: readonly Account[]) => void) | undefined,
): Promise<StoreInspection> =>
  told(async () => {
    const place = placeOf(flags)
    if (place.kind === "memory") return inspectJournal(place.path, onAccounts)
    if (place.kind === "postgres") {
      const { schema } = flags
      const { inspect } = await postgresPackage()
      const { url } = place
      const found = await inspect({ url, ...(schema === undefined ? {} : { schema }) })
      const isReadable = found.checks.every(
        ({ name, state }) => name !== "migrations" || state === "ok",
      )
      if (onAccounts !== undefined && isReadable) await listed(flags, onAccounts)
      return found
    }
    const { inspect } = await redisPackage()
    const { prefix } = flags
    return inspect({
      ...place,
      ...(prefix === undefined ? {} : { prefix }),
      ...(onAccounts === undefined ? {} : { onAccounts }),
    })
  })

const PAGE = 500

const listed = async (
  flags: StoreFlags,
  onAccounts: (accounts: readonly Account[]) => void,
): Promise<void> => {
  const store = await openStore(flags)
  try {
    for (let after: string | null = ""; after !== null; ) {
      const page: Awaited<ReturnType<typeof store.list>> = await store.list({
        limit: PAGE,
        ...(after === "" ? {} : { after }),
      })
      onAccounts(page.items)
      after = page.items.length < PAGE ? null : page.next
    }
  } finally {
    await store.close()
  }
}
