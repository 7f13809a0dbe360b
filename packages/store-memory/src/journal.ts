/**
 * Keeps a memory store's decisions in a file, so that spend and latches outlive the process. For Node and
 * Deno.
 *
 * @module
 */
import { closeSync, existsSync, openSync, realpathSync, statSync } from "node:fs"
import { basename, dirname, join, resolve } from "node:path"
import { emptyLedger, keptOf } from "@spendfuse/core/domain"
import type { Journal, JournalEntry, Snapshot } from "./entry.ts"
import { RecordWriter } from "./journal/format.ts"
import { JournalUnusable, type Lock, lockOf } from "./journal/lock.ts"
import { Reading } from "./journal/read.ts"
import { recordOf, recordsOf } from "./journal/records.ts"
import {
  flush,
  mendEnd,
  removeUnfinished,
  replaceFile,
  type Segment,
  sync,
} from "./journal/segment.ts"
import { Syncer } from "./journal/syncer.ts"

export { JournalUnusable } from "./journal/lock.ts"

/**
 * What a loss of power may cost; a crash of the process alone costs no answered decision under any of them.
 *
 * - `"always"`: nothing that was answered. Each append waits for the disk.
 * - `"everysec"`: what was answered in about the last second.
 * - `"never"`: what the operating system had not written yet, on Linux up to half a minute.
 */
export type Fsync = "always" | "everysec" | "never"

/** What a journal tells beside errors. */
export interface JournalNotice {
  /**
   * `created`: there was no file, and an empty one was made. `torn`: the last record was never whole and
   * was cut off. `snapshot-failed`: the journal goes on as it is, and grows. `sync-failed`: nothing more
   * is answered.
   */
  readonly kind: "created" | "torn" | "snapshot-failed" | "sync-failed"
  readonly message: string
}

/** Where a journal is kept, and how safely. */
export interface FileJournalOptions {
  /** The file. Beside it stand `path.lock`, `path.holder` and, for a moment, `path.new`. Its directory must exist. */
  readonly path: string
  /** What a loss of power may cost. There is no default: choose. */
  readonly fsync: Fsync
  /** A snapshot takes the place of the entries once they are this long and longer than the last snapshot; bytes, 16 MiB unless given. */
  readonly snapshotEveryBytes?: number
  /** Warnings to the console unless given; `created` is told to nobody then. */
  readonly onNotice?: (notice: JournalNotice) => void
}

/**
 * A journal in a file of its own, held against every other writer until it is closed or its process ends.
 * Give it to `memoryStore`, which closes it.
 *
 * @throws JournalUnusable where another writer has it, its directory is missing, or it cannot be locked;
 *   TypeError for options that are none
 */
export const fileJournal = (options: FileJournalOptions): Journal => {
  assertOptions(options)
  const path = placeOf(options.path)
  return new FileJournal(path, options, lockOf(path))
}

const NAME = "memory"
const SNAPSHOT_EVERY_BYTES = 16 * 2 ** 20

class FileJournal implements Journal {
  readonly #path: string
  readonly #options: FileJournalOptions
  readonly #lock: Lock
  readonly #syncer: Syncer
  #file: number | null = null
  #reading: Reading | null = null
  #segment: Segment | null = null
  /** Where the entries after the snapshot begin, or a snapshot was tried last. */
  #entriesAt = 0
  #snapshotBytes = 0
  #failure: unknown = null
  #isClosed = false

  constructor(path: string, options: FileJournalOptions, lock: Lock) {
    this.#path = path
    this.#options = options
    this.#lock = lock
    this.#syncer = new Syncer((error) => {
      this.#failure = error
      this.#tell("sync-failed", `could not be synced, nothing more is answered: ${wordsOf(error)}`)
    })
  }

  load(): { snapshot: Snapshot; entries: Iterable<JournalEntry> } {
    removeUnfinished(this.#path)
    if (!existsSync(this.#path) || statSync(this.#path).size === 0) {
      closeSync(replaceFile(this.#path, recordsOf(emptySnapshot()), () => undefined).file)
      this.#tell("created", "was not there; it begins empty")
    }
    this.#file = openSync(this.#path, "r+")
    const reading = new Reading(NAME, this.#path, this.#file)
    this.#reading = reading
    return { snapshot: reading.snapshot(), entries: this.#entries(reading, this.#file) }
  }

  place(): string {
    return `journal \`${this.#path}\` at byte ${this.#reading?.at ?? 0}`
  }

  append(entries: readonly JournalEntry[]): void {
    const segment = this.#opened()
    try {
      for (const entry of entries) segment.writer.add(recordOf(entry))
      flush(segment)
      if (this.#options.fsync === "always") sync(segment)
    } catch (error) {
      this.#failure = error
      throw error
    }
    if (this.#options.fsync === "everysec") this.#syncer.soon(segment.file)
  }

  wantsSnapshot(): boolean {
    const entriesBytes = (this.#segment?.end ?? 0) - this.#entriesAt
    const least = this.#options.snapshotEveryBytes ?? SNAPSHOT_EVERY_BYTES
    return entriesBytes >= least && entriesBytes >= this.#snapshotBytes
  }

  snapshot(snapshot: Snapshot): void {
    const old = this.#opened()
    let isOldClosed = false
    try {
      this.#segment = replaceFile(this.#path, recordsOf(snapshot), () => {
        this.#syncer.close(old.file)
        this.#file = null
        isOldClosed = true
      })
      this.#file = this.#segment.file
      this.#snapshotBytes = this.#segment.end
      this.#entriesAt = this.#segment.end
    } catch (error) {
      if (isOldClosed) {
        this.#failure = error
        throw error
      }
      this.#entriesAt = old.end
      this.#tell("snapshot-failed", `could not be written anew and grows on: ${wordsOf(error)}`)
    }
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    try {
      if (this.#segment !== null && this.#failure === null) sync(this.#segment)
    } finally {
      if (this.#file !== null) this.#syncer.close(this.#file)
      this.#lock.release()
    }
  }

  /** The entries; after the last one the file is ready to be appended to. */
  *#entries(reading: Reading, file: number): Generator<JournalEntry, void> {
    const { end: entriesAt } = reading
    const read = yield* reading.entries()
    const { crc, shared, hasLineEnd, tornBytes } = read
    if (tornBytes > 0)
      this.#tell(
        "torn",
        `ended in a record that was never whole: its ${tornBytes} bytes at byte ${read.end} were cut off`,
      )
    const isMended = tornBytes > 0 || !hasLineEnd
    const end = isMended ? mendEnd(file, read.end, hasLineEnd) : read.end
    this.#entriesAt = entriesAt
    this.#snapshotBytes = entriesAt
    this.#segment = { file, writer: new RecordWriter(crc, shared), end }
  }

  #opened(): Segment {
    if (this.#failure !== null) throw this.#failure
    if (this.#isClosed) throw new Error("the journal was closed")
    if (this.#segment === null) throw new Error("the journal was not read to its end")
    return this.#segment
  }

  #tell(kind: JournalNotice["kind"], what: string): void {
    const notice = { kind, message: `journal \`${this.#path}\` ${what}` }
    if (this.#options.onNotice !== undefined) this.#options.onNotice(notice)
    else if (kind !== "created") console.warn(`[spendfuse] ${notice.message}`)
  }
}

const emptySnapshot = (): Snapshot => {
  const log = { first: 0, items: [] }
  const dead = { next: 0, letters: [] }
  return { ledger: keptOf(emptyLedger()), outbox: { rows: [], dead, audit: log, events: log } }
}

const FSYNCS: readonly unknown[] = ["always", "everysec", "never"]

const assertOptions = ({ path, fsync, snapshotEveryBytes }: FileJournalOptions): void => {
  if (typeof path !== "string" || path === "")
    throw new TypeError('`path` is empty; name a file, e.g. "./spend.spendfuse-journal"')
  if (!FSYNCS.includes(fsync))
    throw new TypeError(`\`fsync\` is \`${String(fsync)}\`; choose "always", "everysec" or "never"`)
  if (snapshotEveryBytes !== undefined && !(snapshotEveryBytes >= 1))
    throw new TypeError(
      `\`snapshotEveryBytes\` is \`${String(snapshotEveryBytes)}\`; give a number of bytes above 0`,
    )
}

/** The file's one true name, so that two ways to write it meet at one lock. */
const placeOf = (path: string): string => {
  if (existsSync(path)) return realpathSync(path)
  const full = resolve(path)
  if (!existsSync(dirname(full)))
    throw new JournalUnusable(
      "no-directory",
      `directory \`${dirname(full)}\` of journal \`${full}\` does not exist; create or mount it`,
    )
  return join(realpathSync(dirname(full)), basename(full))
}

/** An error of the file system in its own words. */
const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : "it failed")
