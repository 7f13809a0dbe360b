import { crc32 } from "node:zlib"
import { Sharing, WIRE_VERSION } from "@spendfuse/core/wire"

/**
 * The version of records and their order; a reader refuses a newer one. Since 2 dead letters may be sent again;
 * since 3 openings say their incident, latches who waits to hear of them, meters who heard of them.
 */
export const FORMAT_VERSION = 3

/** The first line of a journal; newer versions keep its shape. */
export const HEADER: string = `spendfuse-journal ${FORMAT_VERSION} wire ${WIRE_VERSION}`

/** What the first record's checksum goes on from. */
export const seedOf = (header: string): number => crc32(header)

/** Longer records are not written, and not believed. */
export const RECORD_MAX_BYTES: number = 128 * 2 ** 20

/**
 * One record: eight hex digits, a space, one line of JSON. The checksum is of the whole journal up to
 * here, so that a record that is missing, twice or elsewhere is noticed as well as a changed one.
 */
export const lineOf = (body: string, crc: number): string =>
  `${(crc + 0x1_0000_0000).toString(16).slice(1)} ${body}\n`

/** The checksum after a record, from the one before it. */
export const nextCrc = (body: string | Uint8Array, crc: number): number => crc32(body, crc)

/** Writes records, and of what they share a record each before the first that needs it. */
export class RecordWriter {
  #text = ""
  #crc: number
  readonly #sharing: Sharing

  /** @param known what was shared so far, by number */
  constructor(crc: number, known: readonly unknown[]) {
    this.#crc = crc
    this.#sharing = new Sharing(known, (record) => this.#put(record))
  }

  /** Adds a record: a list, its first item the kind. */
  add(record: readonly unknown[]): void {
    this.#put(this.#sharing.textOf(record))
  }

  /** Characters that wait to be taken. */
  get waiting(): number {
    return this.#text.length
  }

  take(): Buffer {
    const bytes = Buffer.from(this.#text)
    this.#text = ""
    return bytes
  }

  #put(body: string): void {
    if (body.length > RECORD_MAX_BYTES / 4)
      throw new RangeError(`a record of ${body.length} characters is too long`)
    this.#crc = nextCrc(body, this.#crc)
    this.#text += lineOf(body, this.#crc)
  }
}
