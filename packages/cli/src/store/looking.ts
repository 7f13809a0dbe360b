import type { Store } from "@spendfuse/core/ports"
import { withJournalCopy } from "./journalCopy.ts"
import { openStore, placeOf, type StoreFlags, told } from "./openStore.ts"

/** A store to be looked at, once or again and again. */
export interface Looking extends AsyncDisposable {
  /** What `use` reads of it. @throws CliError where it cannot be read; it quotes nothing secret */
  readonly look: <Seen>(use: (store: Store) => Promise<Seen>) => Promise<Seen>
}

/**
 * Opens the store that the flags name, to look at it. A journal is its host's: each look is at a copy of the file
 * as it then stands, so that the host may go on writing.
 *
 * @throws CliError where it cannot be opened
 */
export const lookingAt = async (flags: StoreFlags): Promise<Looking> => {
  const place = placeOf(flags)
  if (place.kind === "memory") {
    const { path } = place
    return {
      look: (use) => told(() => withJournalCopy(path, ({ store }) => use(store))),
      [Symbol.asyncDispose]: async () => undefined,
    }
  }
  const store = await openStore(flags)
  return {
    look: (use) => told(() => use(store)),
    [Symbol.asyncDispose]: () => store.close(),
  }
}
