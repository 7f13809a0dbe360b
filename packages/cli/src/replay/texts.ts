import { Readable } from "node:stream"
import { createGunzip } from "node:zlib"
import { CliError } from "../io.ts"
import { LogBroken } from "./badRow.ts"

/**
 * A log as text, unpacked where it is gzip, and its beginning: at least 64 KiB, or all of it.
 *
 * @throws LogBroken where it is no text, or not whole
 */
export const textsOf = async (
  parts: AsyncIterable<Uint8Array | string>,
): Promise<{ readonly beginning: string; readonly texts: AsyncIterable<string> }> => {
  const from = decoded(unpacked(parts))[Symbol.asyncIterator]()
  let beginning = ""
  while (beginning.length < BEGINNING) {
    const next = await from.next()
    if (next.done === true) break
    beginning += next.value
  }
  return { beginning, texts: continued(beginning, from) }
}

const BEGINNING = 65_536

/** UTF-8, or UTF-16 where a byte-order mark says so, as spreadsheets write it. */
const decoded = async function* (parts: AsyncIterable<Uint8Array | string>): AsyncIterable<string> {
  const { first, all } = await begun(parts)
  const foreign = FOREIGN.find(([start]) => first.startsWith(start))
  if (foreign !== undefined) throw new LogBroken(foreign[1])
  const encoding = first.startsWith("\xFF\xFE")
    ? "utf-16le"
    : first.startsWith("\xFE\xFF")
      ? "utf-16be"
      : "utf-8"
  const decoder = new TextDecoder(encoding)
  for await (const part of all)
    yield typeof part === "string" ? part : decoder.decode(part, { stream: true })
}

/** What is no text, by its first bytes, and the mend. */
const FOREIGN = [
  ["PK\x03\x04", "it is a zip, as a workbook is; unpack it, or save the sheet as CSV"],
  ["PAR1", "it is Parquet; write it as CSV or JSON lines"],
  ["\x28\xB5\x2F\xFD", "it is packed by zstd; unpack it: zstd -dc FILE | spendfuse replay -"],
  ["\xFD7zXZ", "it is packed by xz; unpack it: xz -dc FILE | spendfuse replay -"],
  ["BZh", "it is packed by bzip2; unpack it: bzip2 -dc FILE | spendfuse replay -"],
] as const

/** Gzip is told by its first two bytes. */
const unpacked = async function* (
  parts: AsyncIterable<Uint8Array | string>,
): AsyncIterable<Uint8Array | string> {
  const { first, all } = await begun(parts)
  if (!first.startsWith("\x1F\x8B")) {
    yield* all
    return
  }
  const packed = Readable.from(all)
  const unzip = createGunzip()
  packed.on("error", (error) => unzip.destroy(error))
  try {
    for await (const part of packed.pipe(unzip)) yield part as Uint8Array
  } catch (error) {
    if (error instanceof CliError) throw error
    throw new LogBroken(
      "the gzip is cut or broken; fetch it anew, or play what is whole of it: zcat FILE | spendfuse replay -",
    )
  }
}

/** The first bytes of a log, a sign each, and all of it. What comes as text has none. */
const begun = async (
  parts: AsyncIterable<Uint8Array | string>,
): Promise<{ readonly first: string; readonly all: AsyncIterable<Uint8Array | string> }> => {
  const from = parts[Symbol.asyncIterator]()
  let start = new Uint8Array(0)
  while (start.length < SIGNS) {
    const next = await from.next()
    if (next.done === true) break
    if (typeof next.value === "string") return { first: "", all: continued(next.value, from) }
    const longer = new Uint8Array(start.length + next.value.length)
    longer.set(start)
    longer.set(next.value, start.length)
    start = longer
  }
  return { first: String.fromCharCode(...start.subarray(0, SIGNS)), all: continued(start, from) }
}

const SIGNS = 8

const continued = async function* <Part>(
  first: Part,
  from: AsyncIterator<Part>,
): AsyncIterable<Part> {
  yield first
  for (let next = await from.next(); next.done !== true; next = await from.next()) yield next.value
}
