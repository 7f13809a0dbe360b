import { readSync } from "node:fs"
import { nextCrc, RECORD_MAX_BYTES } from "./format.ts"

/** A record that is whole and in its place. */
export interface RecordLine {
  /** Where it begins and ends in the file, in bytes. */
  readonly at: number
  readonly end: number
  /** The checksum after it. */
  readonly crc: number
  readonly body: string
}

/** How the records end: as they should, in a record that was never whole, or in damage. */
export type Ending =
  | { readonly kind: "whole"; readonly hasLineEnd: boolean }
  | { readonly kind: "torn"; readonly at: number }
  | { readonly kind: "damaged"; readonly at: number; readonly goodAfter: number }

/** The records of an open file from the byte `from` on, as far as they are whole and in order. */
export function* recordLines(
  file: number,
  from: number,
  seed: number,
): Generator<RecordLine, Ending> {
  const lines = rawLines(file, from)
  let crc = seed
  for (const line of lines) {
    const next = crcOf(line, crc)
    if (next === null) return endingAt(line, lines)
    crc = next
    const end = line.at + line.bytes.length + (line.hasEnd ? 1 : 0)
    yield { at: line.at, end, crc, body: line.bytes.toString("utf8", BODY_AT) }
    if (!line.hasEnd) return { kind: "whole", hasLineEnd: false }
  }
  return { kind: "whole", hasLineEnd: true }
}

/** The first line of an open file without its end; null where it has none within 100 bytes. */
export const firstLine = (file: number): string | null => {
  const bytes = Buffer.alloc(100)
  const head = bytes.subarray(0, readSync(file, bytes, 0, 100, 0))
  const end = head.indexOf(LINE_END)
  return end < 0 ? null : head.toString("latin1", 0, end)
}

/**
 * What a bad record is. A crash leaves the last one without its end, and a loss of power may leave zeros
 * there instead. Anything else is damage, also where power was lost: what follows may have been answered.
 */
const endingAt = (bad: RawLine, rest: Iterable<RawLine>): Ending => {
  const { at } = bad
  const isLong = bad.bytes.length > RECORD_MAX_BYTES
  let before = storedCrc(bad)
  let goodAfter = 0
  for (const line of rest) {
    if (before !== null && crcOf(line, before) !== null) goodAfter += 1
    before = storedCrc(line)
  }
  return !bad.hasEnd && !isLong ? { kind: "torn", at } : { kind: "damaged", at, goodAfter }
}

/** The checksum after the line where it is right, going on from the one before it. */
const crcOf = (line: RawLine, before: number): number | null => {
  const stored = storedCrc(line)
  if (stored === null || line.bytes.length > RECORD_MAX_BYTES) return null
  return nextCrc(line.bytes.subarray(BODY_AT), before) === stored ? stored : null
}

const storedCrc = ({ bytes }: RawLine): number | null => {
  const head = bytes.toString("latin1", 0, BODY_AT)
  return /^[0-9a-f]{8} $/.test(head) ? Number.parseInt(head, 16) : null
}

/** Eight digits and a space stand before the body. */
const BODY_AT = 9
const LINE_END = 10
const CHUNK_BYTES = 2 ** 18

interface RawLine {
  readonly at: number
  /** Without the line's end; to be used before the next line is asked for. */
  readonly bytes: Buffer
  readonly hasEnd: boolean
}

function* rawLines(file: number, from: number): Generator<RawLine, void> {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
  let carried: Buffer = Buffer.alloc(0)
  let at = from
  for (;;) {
    const read = readSync(file, chunk, 0, CHUNK_BYTES, at + carried.length)
    const fresh = chunk.subarray(0, read)
    const bytes = carried.length === 0 ? fresh : Buffer.concat([carried, fresh])
    let start = 0
    for (let end = bytes.indexOf(LINE_END); end >= 0; end = bytes.indexOf(LINE_END, start)) {
      yield { at: at + start, bytes: bytes.subarray(start, end), hasEnd: true }
      start = end + 1
    }
    at += start
    carried = Buffer.from(bytes.subarray(start))
    if (read === 0) break
  }
  if (carried.length > 0) yield { at, bytes: carried, hasEnd: false }
}
