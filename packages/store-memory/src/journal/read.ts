import { fstatSync } from "node:fs"
import { StoreCorrupt } from "@spendfuse/core/ports"
import { WIRE_VERSION } from "@spendfuse/core/wire"
import type { JournalEntry, Snapshot } from "../entry.ts"
import { FORMAT_VERSION, HEADER, seedOf } from "./format.ts"
import { type Ending, firstLine, type RecordLine, recordLines } from "./lines.ts"
import { decodeRecord, entryOf, SnapshotReader } from "./records.ts"

/** How a journal ended, and what its writer goes on from. */
export interface Read {
  /** Where the last whole record ends, in bytes. */
  readonly end: number
  readonly crc: number
  readonly shared: readonly unknown[]
  readonly hasLineEnd: boolean
  /** Bytes of a last record that was never whole. */
  readonly tornBytes: number
}

/**
 * Reads a journal's file from the start to the end, once, and changes nothing. Every method throws
 * StoreCorrupt with the file, the byte and the mend where it meets damage.
 */
export class Reading {
  readonly #store: string
  readonly #path: string
  readonly #file: number
  readonly #lines: Generator<RecordLine, Ending>
  readonly #shared: unknown[] = []
  #hasSnapshot = false
  #at = 0
  #end: number
  #crc: number

  constructor(store: string, path: string, file: number) {
    this.#store = store
    this.#path = path
    this.#file = file
    const header = this.#header()
    this.#end = header.length + 1
    this.#crc = seedOf(header)
    this.#lines = recordLines(file, this.#end, this.#crc)
  }

  /** Where the record begins that was read last, in bytes. */
  get at(): number {
    return this.#at
  }

  /** Where the last whole record ends, in bytes. */
  get end(): number {
    return this.#end
  }

  /** The snapshot at the file's start. It was on the disk before the file had its name: it has no torn end. */
  snapshot(): Snapshot {
    const reader = new SnapshotReader()
    for (;;) {
      const record = this.#next()
      if (!Array.isArray(record)) throw this.#damaged(this.#end, "the snapshot is cut short")
      const snapshot = this.#told(() => reader.take(record))
      if (snapshot === null) continue
      this.#hasSnapshot = true
      return snapshot
    }
  }

  /** The entries after the snapshot, oldest first; then how it ended. */
  *entries(): Generator<JournalEntry, Read> {
    for (;;) {
      const record = this.#next()
      if (Array.isArray(record)) {
        yield this.#told(() => entryOf(record))
        continue
      }
      const ending = record as Ending
      const [end, crc, shared] = [this.#end, this.#crc, this.#shared]
      const hasLineEnd = ending.kind !== "whole" || ending.hasLineEnd
      const tornBytes = fstatSync(this.#file).size - end
      return { end, crc, shared, hasLineEnd, tornBytes }
    }
  }

  /** The next record that is not a shared value, or how they end. */
  #next(): readonly unknown[] | Ending {
    for (;;) {
      const line = this.#lines.next()
      if (line.done === true) {
        if (line.value.kind !== "damaged") return line.value
        const { at, goodAfter } = line.value
        throw this.#damaged(at, `a record is changed or missing; ${goodAfter} good ones follow it`)
      }
      this.#at = line.value.at
      const record = this.#told(() => decodeRecord(line.value.body, this.#shared))
      this.#end = line.value.end
      this.#crc = line.value.crc
      if (record[0] !== "shared") return record
      if (record[1] !== this.#shared.length)
        throw this.#damaged(this.#at, "a shared value has another number than it should")
      this.#shared.push(record[2])
    }
  }

  #header(): string {
    const header = firstLine(this.#file)
    const found = header === null ? null : /^spendfuse-journal (\d+) wire (\d+)$/.exec(header)
    if (found === null)
      throw this.#corrupt(
        "does not begin as a journal does; give another path, nothing was changed",
      )
    const [format, wire] = [Number(found[1]), Number(found[2])]
    if (format > FORMAT_VERSION || wire > WIRE_VERSION)
      throw this.#corrupt(
        `was written by a newer version (\`${found[0]}\`, this one knows \`${HEADER}\`); start that version, nothing was changed`,
      )
    return found[0]
  }

  #told<Value>(decode: () => Value): Value {
    try {
      return decode()
    } catch (error) {
      throw this.#damaged(this.#at, error instanceof Error ? error.message : "it cannot be read")
    }
  }

  #damaged(at: number, what: string): StoreCorrupt {
    const mend = this.#hasSnapshot
      ? `restore a copy, or give up what was decided after it: keep the file, and start with its first ${at} bytes`
      : "restore a copy; its snapshot is not whole without what stands there"
    return this.#corrupt(`is damaged at byte ${at}: ${what}; nothing was changed; ${mend}`)
  }

  #corrupt(what: string): StoreCorrupt {
    return new StoreCorrupt(this.#store, `journal \`${this.#path}\` ${what}`)
  }
}
