import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type MemoryStore, memoryStore } from "@spendfuse/store-memory"
import { fileJournal } from "@spendfuse/store-memory/journal"
import { CliError } from "../io.ts"

/** A store over a copy of a journal. */
export interface JournalCopy {
  readonly store: MemoryStore
  /** Its end was torn off when it was read. */
  readonly isTorn: boolean
}

/**
 * Looks at a copy of a journal as it now stands: the file itself is its host's, who may go on writing it.
 *
 * @throws CliError where there is none; StoreCorrupt where it cannot be read
 */
export const withJournalCopy = async <Seen>(
  path: string,
  use: (copy: JournalCopy) => Seen | Promise<Seen>,
): Promise<Seen> => {
  if (!existsSync(path))
    throw new CliError(
      `journal \`${path}\` does not exist; look at its path, or let a host make it`,
    )
  const folder = mkdtempSync(join(tmpdir(), "spendfuse-look-"))
  try {
    const copy = join(folder, "journal")
    copyFileSync(path, copy)
    let isTorn = false
    const journal = fileJournal({
      path: copy,
      fsync: "never",
      onNotice: ({ kind }) => {
        if (kind === "torn") isTorn = true
      },
    })
    const store = memoryStore({ journal, onNotice: () => undefined })
    try {
      return await use({ store, isTorn })
    } finally {
      await store.close()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
