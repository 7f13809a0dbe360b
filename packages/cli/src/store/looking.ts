import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Store } from "@spendfuse/core/ports"
import { memoryStore } from "@spendfuse/store-memory"
import { fileJournal } from "@spendfuse/store-memory/journal"
import { CliError } from "../io.ts"
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
      look: (use) => told(() => copied(path, use)),
      [Symbol.asyncDispose]: async () => undefined,
    }
  }
  const store = await openStore(flags)
  return {
    look: (use) => told(() => use(store)),
    [Symbol.asyncDispose]: () => store.close(),
  }
}

const copied = async <Seen>(path: string, use: (store: Store) => Promise<Seen>): Promise<Seen> => {
  if (!existsSync(path))
    throw new CliError(
      `journal \`${path}\` does not exist; look at its path, or let a host make it`,
    )
  const folder = mkdtempSync(join(tmpdir(), "spendfuse-look-"))
  try {
    const copy = join(folder, "journal")
    copyFileSync(path, copy)
    const journal = fileJournal({ path: copy, fsync: "never", onNotice: () => undefined })
    const store = memoryStore({ journal, onNotice: () => undefined })
    try {
      return await use(store)
    } finally {
      await store.close()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
