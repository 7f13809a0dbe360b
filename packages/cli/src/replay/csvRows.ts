import { type CsvError, parse } from "csv-parse"
import { countText } from "../figures.ts"
import { type CsvLayout, csvColumnsOf } from "./csvLayout.ts"
import type { LogRecord } from "./formats/format.ts"
import type { Located } from "./located.ts"

/** The rows of a CSV by the names of its head, and those that are none; memory is that of one row. */
export const csvRows = async function* (
  texts: AsyncIterable<string>,
  { delimiter, headLine }: CsvLayout,
): AsyncIterable<Located> {
  const skipped: Located[] = []
  let last = 0
  let isOpen = false
  const rows = parse({
    columns: (head: readonly string[]) => {
      last = headLine
      return [...csvColumnsOf(head)]
    },
    delimiter,
    from_line: headLine,
    bom: true,
    info: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    max_record_size: RECORD_MAX,
    on_skip: (error) => {
      if (error !== undefined && ENDLESS.has(error.code)) isOpen = true
      else skipped.push({ line: Number(error?.lines ?? 0), record: null, problem: whyOf(error) })
      return undefined
    },
  })
  const pushed = push(texts, rows)
  for await (const { info, record } of rows as AsyncIterable<{
    readonly info: { readonly lines: number }
    readonly record: LogRecord
  }>) {
    last = Math.max(last, info.lines)
    yield* skipped.splice(0)
    yield { line: info.lines, record }
  }
  await pushed
  last = Math.max(last, ...skipped.map(({ line }) => line))
  yield* skipped
  if (isOpen) yield { line: last + 1, record: null, problem: OPEN }
}

const RECORD_MAX = 8_388_608

/** After these the parser finds no row any more. */
const ENDLESS: ReadonlySet<string> = new Set(["CSV_MAX_RECORD_SIZE", "CSV_QUOTE_NOT_CLOSED"])

const OPEN =
  "the row that begins here has an open quote, or is longer than 8 MiB: nothing behind it was read; mend the row"

const whyOf = (error: CsvError | undefined): string => {
  const cells: unknown = error?.record
  const columns: unknown = error?.columns
  if (Array.isArray(cells) && Array.isArray(columns))
    return `it has ${countText(cells.length, "cell")} and the head ${columns.length}; mend the row`
  return "a quote stands inside a cell; double it, and put the cell in quotes"
}

const push = async (
  texts: AsyncIterable<string>,
  rows: ReturnType<typeof parse>,
): Promise<void> => {
  try {
    for await (const text of texts)
      if (!rows.write(text)) await new Promise<void>((resolve) => rows.once("drain", resolve))
    rows.end()
  } catch (error) {
    rows.destroy(error as Error)
  }
}
