import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { type MemoryStore, memoryStore } from "@spendfuse/store-memory"
import {
  type FileJournalOptions,
  fileJournal,
  type JournalNotice,
} from "@spendfuse/store-memory/journal"
import { build } from "esbuild"
import { onTestFinished } from "vitest"
import { HEADER, lineOf, nextCrc, seedOf } from "../src/journal/format.ts"
import { charge, linesOf, NOW_MS } from "./crash/commands.ts"

export * from "./crash/commands.ts"

/** A program of `test/crash` as one file in the directory, so that it starts at once. */
export const bundled = async (program: string, directory: string): Promise<string> => {
  const outfile = join(directory, program.replace(/ts$/, "mjs"))
  await build({
    entryPoints: [resolve(import.meta.dirname, "crash", program)],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    conditions: ["@spendfuse/source"],
    logLevel: "error",
  })
  return outfile
}

/** A path of its own in a directory that goes with the test. */
export const freshPath = (): string => {
  const directory = mkdtempSync(join(tmpdir(), "spendfuse-journal-"))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return join(directory, "spend.journal")
}

export interface Opened {
  readonly store: MemoryStore
  readonly notices: readonly JournalNotice[]
}

/** A store on the journal at the path; closed with the test. */
export const openAt = (path: string, options: Partial<FileJournalOptions> = {}): Opened => {
  const notices: JournalNotice[] = []
  const onNotice = (notice: JournalNotice): void => void notices.push(notice)
  const journal = fileJournal({ path, fsync: "never", onNotice, ...options })
  const store = memoryStore({ journal, nowMs: () => NOW_MS })
  onTestFinished(() => store.close())
  return { store, notices }
}

export const settledOf = (store: MemoryStore, apiKey: string): number =>
  store.ledger.accounts.get(linesOf(apiKey)[0]?.account ?? "")?.meters[0]?.settled ?? 0

/** The bytes of a journal that charges `a` by 1, 2, 4, … and where each record begins. */
export const journalBytes = async (
  path: string,
  charges: number,
): Promise<{ readonly bytes: Buffer; readonly starts: readonly number[] }> => {
  const { store } = openAt(path)
  for (let n = 1; n <= charges; n += 1) store.applyNow(charge(n, "a", 2 ** (n - 1)))
  await store.close()
  const bytes = readFileSync(path)
  const starts = [0]
  for (
    let end = bytes.indexOf(10);
    end >= 0 && end + 1 < bytes.length;
    end = bytes.indexOf(10, end + 1)
  )
    starts.push(end + 1)
  return { bytes, starts }
}

/** What opening throws, or null. */
export const failureOf = (open: () => unknown): unknown => {
  try {
    open()
    return null
  } catch (error) {
    return error
  }
}

/** A journal with these records after an empty snapshot, each with the checksum it should have. */
export const writeRecords = (path: string, bodies: readonly string[]): void => {
  let crc = seedOf(HEADER)
  let text = `${HEADER}\n`
  for (const body of [
    '["snapshot",{"format":1}]',
    '["ledger",{"generation":0}]',
    '["kept",1]',
    ...bodies,
  ]) {
    crc = nextCrc(body, crc)
    text += lineOf(body, crc)
  }
  writeFileSync(path, text)
}
