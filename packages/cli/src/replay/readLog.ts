import type { ReplayRow } from "@spendfuse/core/lab"
import { CliError } from "../io.ts"
import { BadRow } from "./badRow.ts"
import { type FieldSources, fieldsOf } from "./fieldsOf.ts"
import { FORMATS } from "./formats/all.ts"
import type { Format, LogRecord } from "./formats/format.ts"
import { inOrder } from "./inOrder.ts"
import { recordsOf } from "./records.ts"
import { SeenColumns } from "./seenColumns.ts"
import { textsOf } from "./texts.ts"
import { RowMaker } from "./toRow.ts"

/** How a log is read. */
export interface ReadOptions extends FieldSources {
  /** A format's name; told by the first record unless given. */
  readonly format?: string
}

/** Rows that could not be read. */
export interface Bad {
  count: number
  /** The first of them: where, and why. */
  readonly first: { readonly line: number; readonly why: string }[]
}

/** What a reader found, filled while it reads. */
export interface Reading {
  format: string
  read: number
  readonly bad: Bad
  /** Columns that no field was read from, by the first 100 records; of forms that are columns and nothing else. */
  unread: readonly string[]
  /** Columns that `map` names and that none of the first 100 records has. */
  absent: readonly string[]
  /** Rows without output tokens and without a cost of their own: their output costs nothing. */
  withoutOutput: number
}

/** Nothing is read yet. */
export const newReading = (): Reading => ({
  format: "none",
  read: 0,
  bad: { count: 0, first: [] },
  unread: [],
  absent: [],
  withoutOutput: 0,
})

/**
 * The rows of a log in batches, in the order of time as far as 10,000 rows see. Bad ones are counted and named, never
 * dropped in silence.
 *
 * @throws CliError where the file cannot be read, or no format fits
 * @throws LogBroken where it is no log, or cannot be read on
 */
export const readLog = async function* (
  parts: AsyncIterable<Uint8Array | string>,
  options: ReadOptions,
  reading: Reading,
): AsyncIterable<readonly ReplayRow[]> {
  yield* inOrder(unordered(parts, options, reading))
}

const unordered = async function* (
  parts: AsyncIterable<Uint8Array | string>,
  options: ReadOptions,
  reading: Reading,
): AsyncIterable<readonly ReplayRow[]> {
  const { beginning, texts } = await textsOf(parts)
  const maker = new RowMaker()
  const seen = new SeenColumns(options.map)
  let format: Format | null = null
  let batch: ReplayRow[] = []
  for await (const { line, record, problem } of recordsOf(texts, beginning)) {
    if (record === null) {
      reject(reading, line, problem ?? "it cannot be read")
      continue
    }
    format ??= formatOf(options.format, record)
    reading.format = format.name
    if (seen.see(format, record)) {
      reading.unread = seen.unread
      reading.absent = seen.absent
    }
    for (const fields of fieldsOf(format, record, options)) {
      try {
        const row = maker.make(fields)
        batch.push(row)
        reading.read += 1
        if (row.usage.outputTokens === undefined && row.chargeNanoUsd === undefined)
          reading.withoutOutput += 1
      } catch (error) {
        if (!(error instanceof BadRow)) throw error
        reject(reading, line, error.message)
      }
    }
    if (batch.length < BATCH) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

const BATCH = 1_024
const NAMED = 20

const reject = ({ bad }: Reading, line: number, why: string): void => {
  bad.count += 1
  if (bad.first.length < NAMED) bad.first.push({ line, why })
}

const formatOf = (name: string | undefined, record: LogRecord): Format => {
  const found = FORMATS.find((one) => (name === undefined ? one.fits(record) : one.name === name))
  if (found !== undefined) return found
  throw new CliError(
    `\`--format ${String(name).slice(0, 40)}\` is none; there are ${FORMATS.map((one) => one.name).join(", ")}`,
  )
}
