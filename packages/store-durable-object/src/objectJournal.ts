import { StoreCorrupt } from "@spendfuse/core/ports"
import { fromJson } from "@spendfuse/core/wire"
import type { Journal, JournalEntry, Snapshot } from "@spendfuse/store-memory"
import { RecordLines } from "./recordLines.ts"
import { NAME, type Tables } from "./tables.ts"

/** Entries this long, and longer than the last snapshot, give way to a new one: so long is what an object reads to begin. */
const SNAPSHOT_EVERY_CHARS = 262_144

/** A memory store's journal in an object's tables. What is appended is stored before the object answers. */
export class ObjectJournal implements Journal {
  readonly #tables: Tables
  readonly #onEntries: (entries: readonly JournalEntry[]) => void
  #lines = new RecordLines()
  #snapshotChars = 0
  #entriesChars = 0
  #heard = 0

  /** @param onEntries told in the same transaction; what it throws undoes it */
  constructor(tables: Tables, onEntries: (entries: readonly JournalEntry[]) => void) {
    this.#tables = tables
    this.#onEntries = onEntries
  }

  /** The cursor of the log before which all was heard. */
  get heard(): string {
    return String(this.#heard)
  }

  load(): { readonly snapshot: Snapshot | null; readonly entries: readonly JournalEntry[] } {
    const shared: unknown[] = []
    const entries: JournalEntry[] = []
    let snapshot: Snapshot | null = null
    for (const line of linesOf(this.#tables.journal())) {
      const [kind, first, second] = recordOf(line, shared)
      if (kind === "shared" && first === shared.length) shared.push(second)
      else if (kind === "snapshot" && entries.length === 0) snapshot = first as Snapshot
      else if (kind === "entry") entries.push(first as JournalEntry)
      else throw corrupt(`record \`${String(kind)}\` does not belong there`)
      if (kind === "entry") this.#entriesChars += line.length
      else this.#snapshotChars += line.length
    }
    this.#lines = new RecordLines(shared)
    this.#heard = snapshot?.outbox.events.first ?? 0
    for (const entry of entries) this.#hear(entry)
    return { snapshot, entries }
  }

  append(entries: readonly JournalEntry[]): void {
    let text = ""
    for (const entry of entries) text += this.#lines.of(["entry", entry])
    this.#tables.atomically(() => {
      this.#tables.appendToJournal(text)
      this.#onEntries(entries)
    })
    for (const entry of entries) this.#hear(entry)
    this.#entriesChars += text.length
  }

  wantsSnapshot(): boolean {
    return this.#entriesChars >= Math.max(SNAPSHOT_EVERY_CHARS, this.#snapshotChars)
  }

  snapshot(snapshot: Snapshot): void {
    this.#lines = new RecordLines()
    const text = this.#lines.of(["snapshot", snapshot])
    this.#tables.atomically(() => {
      this.#tables.clearJournal()
      this.#tables.appendToJournal(text)
    })
    this.#snapshotChars = text.length
    this.#entriesChars = 0
  }

  close(): void {
    // The platform ends an object; nothing of it is open.
  }

  #hear(entry: JournalEntry): void {
    if (entry.kind === "outbox" && entry.change.kind === "heard")
      this.#heard = Math.max(this.#heard, entry.change.upTo)
  }
}

/** Lines whose text comes in pieces. */
function* linesOf(pieces: Iterable<string>): Generator<string> {
  let begun = ""
  for (const piece of pieces) {
    let from = 0
    for (let end = piece.indexOf("\n"); end >= 0; end = piece.indexOf("\n", from)) {
      yield begun + piece.slice(from, end)
      begun = ""
      from = end + 1
    }
    begun += piece.slice(from)
  }
  if (begun !== "") throw corrupt("its last record has no end")
}

const recordOf = (line: string, shared: readonly unknown[]): readonly unknown[] => {
  const read = fromJson(line, (number) => shared[number])
  if (!read.ok) throw corrupt(read.reason)
  if (!Array.isArray(read.value)) throw corrupt("a record is not a list")
  return read.value
}

const corrupt = (detail: string): StoreCorrupt => new StoreCorrupt(NAME, detail)
