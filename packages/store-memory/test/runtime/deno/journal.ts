/*
 * The store with its journal in Deno itself, with the rights that it needs and no others:
 *
 *   deno run --allow-read --allow-write packages/store-memory/test/runtime/deno/journal.ts
 *
 * Latches one account, starts again, and meets the latch; ends with 0 where all of it holds.
 */
import { memoryStore } from "@spendfuse/store-memory"
import { fileJournal, JournalUnusable } from "@spendfuse/store-memory/journal"
import { charge, linesOf, NOW_MS, reserve } from "../../crash/commands.ts"

declare const Deno: {
  makeTempDirSync: () => string
  removeSync: (path: string, how: object) => void
}

const must = (holds: boolean, what: string): void => {
  if (!holds) throw new Error(`not so in Deno: ${what}`)
}

const directory = Deno.makeTempDirSync()
const open = (fsync: "always" | "everysec" | "never") =>
  memoryStore({
    journal: fileJournal({
      path: `${directory}/spend.journal`,
      fsync,
      snapshotEveryBytes: 4_096,
      onNotice: () => undefined,
    }),
    nowMs: () => NOW_MS,
  })

try {
  const first = open("always")
  for (let n = 1; n <= 20; n += 1) first.applyNow(charge(n, "a", 5))
  const refused = first.applyNow(reserve(21, linesOf("a"), 1)).outcome
  must(refused.kind === "refused" && refused.reason === "latched", "an account latches")
  let inUse: unknown = null
  try {
    open("never")
  } catch (error) {
    inUse = error
  }
  must(inUse instanceof JournalUnusable && inUse.reason === "in-use", "the lock holds")
  await first.close()
  const second = open("everysec")
  const again = second.applyNow(reserve(22, linesOf("a"), 1)).outcome
  must(again.kind === "refused" && again.reason === "latched", "the latch is there after a restart")
  const replayed = second.applyNow(charge(20, "a", 5)).outcome
  must(replayed.replayed === true, "what is sent again is answered the same")
  await second.close()
  console.log("the journal holds in Deno")
} finally {
  Deno.removeSync(directory, { recursive: true })
}
