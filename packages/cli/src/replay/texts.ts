import { Readable } from "node:stream"
import { createGunzip } from "node:zlib"
import { CliError } from "../io.ts"

/** A log as text, unpacked where it is gzip, and its beginning: at least 64 KiB, or all of it. */
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
  const texts = async function* (): AsyncIterable<string> {
    yield beginning
    for (let next = await from.next(); next.done !== true; next = await from.next())
      yield next.value
  }
  return { beginning, texts: texts() }
}

const BEGINNING = 65_536

const decoded = async function* (parts: AsyncIterable<Uint8Array | string>): AsyncIterable<string> {
  const decoder = new TextDecoder()
  for await (const part of parts)
    yield typeof part === "string" ? part : decoder.decode(part, { stream: true })
}

/** Gzip is told by its first two bytes. */
const unpacked = async function* (
  parts: AsyncIterable<Uint8Array | string>,
): AsyncIterable<Uint8Array | string> {
  const from = parts[Symbol.asyncIterator]()
  const first = await from.next()
  if (first.done === true) return
  const whole = async function* (): AsyncIterable<Uint8Array | string> {
    yield first.value
    for (let next = await from.next(); next.done !== true; next = await from.next())
      yield next.value
  }
  const { value } = first
  const isGzip = typeof value !== "string" && value[0] === 0x1f && value[1] === 0x8b
  if (!isGzip) {
    yield* whole()
    return
  }
  const packed = Readable.from(whole())
  const unzip = createGunzip()
  packed.on("error", (error) => unzip.destroy(error))
  try {
    for await (const part of packed.pipe(unzip)) yield part as Uint8Array
  } catch (error) {
    if (error instanceof CliError) throw error
    throw new CliError("the log is not whole gzip; unpack it to see where it breaks")
  }
}
