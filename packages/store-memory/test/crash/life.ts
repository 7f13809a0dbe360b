/*
 * One life of a process that is going to be killed: it opens the journal, works, and says what it was
 * answered after it was answered. What it says:
 *
 *   a INDEX [outcome, …] | c [ids]  (going to confirm) | d [ids]  (has confirmed)
 */
import { openSync, writeSync } from "node:fs"
import process from "node:process"
import { toJson } from "@spendfuse/core/wire"
import { type Journal, type JournalEntry, memoryStore } from "@spendfuse/store-memory"
import { type Fsync, fileJournal } from "@spendfuse/store-memory/journal"
import { batchAt, instantOf } from "./world.ts"

export interface LifeOptions {
  readonly path: string
  /** The file that it says it in. */
  readonly words: string
  readonly seed: number
  readonly life: number
  readonly fsync: Fsync
  readonly snapshotEveryBytes: number
  readonly mutant: Mutant | null
}

export type Mutant = "keeps-one-behind" | "answers-before-it-appends"

/** Journals that keep too late: the harness must convict them. */
const MUTANTS: Readonly<Record<Mutant, (journal: Journal) => Journal["append"]>> = {
  "keeps-one-behind": (journal) => {
    let behind: readonly JournalEntry[] = []
    return (entries) => {
      if (behind.length > 0) journal.append(behind)
      behind = [...entries]
    }
  },
  "answers-before-it-appends": (journal) => (entries) => {
    const own = [...entries]
    setImmediate(() => journal.append(own))
  },
}

/** Says a line, whole, before anything else is done; a file keeps it whatever becomes of this process. */
const say = (words: number, line: string): void => {
  const bytes = Buffer.from(`${line}\n`)
  let done = 0
  while (done < bytes.length) done += writeSync(words, bytes, done)
}

const live = async (options: LifeOptions): Promise<void> => {
  const { path, seed, life, fsync, snapshotEveryBytes, mutant } = options
  let i = 0
  const file = fileJournal({ path, fsync, snapshotEveryBytes, onNotice: () => undefined })
  const journal: Journal =
    mutant === null
      ? file
      : {
          load: () => file.load(),
          append: MUTANTS[mutant](file),
          wantsSnapshot: () => false,
          snapshot: () => undefined,
          close: () => file.close(),
        }
  const store = memoryStore({ journal, nowMs: () => instantOf(life, i) })
  const words = openSync(options.words, "a")
  console.log("open")
  for (let turn = 0; i < COMMANDS_MAX; turn += 1) {
    const batch = batchAt(seed, life, i)
    const [only] = batch
    const applied =
      batch.length === 1 && only !== undefined ? [store.applyNow(only)] : await store.apply(batch)
    say(words, `a ${i} ${toJson(applied.map(({ outcome }) => outcome))}`)
    i += batch.length
    if (turn % 16 === 0) {
      const ids = (await store.claim("page", 3, 60_000)).map(({ id }) => id)
      say(words, `c ${toJson(ids)}`)
      await store.confirm(ids)
      say(words, `d ${toJson(ids)}`)
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  setInterval(() => undefined, 1_000)
}

/** So that a late kill leaves no life of a hundred thousand commands to be looked through. */
const COMMANDS_MAX = 250

await live(JSON.parse(process.argv[2] ?? "") as LifeOptions)
