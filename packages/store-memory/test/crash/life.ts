/*
 * One life of a process that is going to be killed: it opens the journal, works, and says what it was
 * answered after it was answered. What it says:
 *
 *   open | a INDEX [outcome, …] | c [ids]  (going to confirm) | d [ids]  (has confirmed)
 */
import { writeSync } from "node:fs"
import process from "node:process"
import { toJson } from "@spendfuse/core/wire"
import { type Journal, type JournalEntry, memoryStore } from "@spendfuse/store-memory"
import { type Fsync, fileJournal } from "@spendfuse/store-memory/journal"
import { batchAt, instantOf } from "./world.ts"

export interface LifeOptions {
  readonly path: string
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

/** Says a line, whole, before anything else is done. */
const say = (line: string): void => {
  const bytes = Buffer.from(`${line}\n`)
  let done = 0
  while (done < bytes.length) {
    try {
      done += writeSync(1, bytes, done)
    } catch (error) {
      if ((error as { code?: unknown }).code !== "EAGAIN") throw error
      Atomics.wait(nobody, 0, 0, 1)
    }
  }
}

/** To wait by, where the pipe is full: nobody wakes it. */
const nobody = new Int32Array(new SharedArrayBuffer(4))

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
  say("open")
  for (let turn = 0; ; turn += 1) {
    const batch = batchAt(seed, life, i)
    const [only] = batch
    const applied =
      batch.length === 1 && only !== undefined ? [store.applyNow(only)] : await store.apply(batch)
    say(`a ${i} ${toJson(applied.map(({ outcome }) => outcome))}`)
    i += batch.length
    if (turn % 16 === 0) {
      const ids = (await store.claim("page", 3, 60_000)).map(({ id }) => id)
      say(`c ${toJson(ids)}`)
      await store.confirm(ids)
      say(`d ${toJson(ids)}`)
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
}

await live(JSON.parse(process.argv[2] ?? "") as LifeOptions)
