import Table from "cli-table3"

/** A column of a table: what it is called, and what it shows of a row. */
export interface Column<Row> {
  readonly head: string
  readonly cell: (row: Row) => string
  readonly align?: "right"
  /** Left out where the table is too wide, the highest first; those without stay. */
  readonly spare?: number
  /** What is too wide goes on in the next line: anywhere, for a name, or at spaces, for a sentence. */
  readonly flows?: "anywhere" | "at spaces"
  /** One that flows is never narrower than this, unless there is no other way; 20 unless given. */
  readonly least?: number
}

/** Rows as a table that fits the width of the terminal, a phone's 60 columns too. */
export const tableText = <Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number,
): string => {
  let kept = columns
  for (;;) {
    const text = rendered(kept, rows)
    const natural = widthsOf(text)
    if (total(natural) <= width) return text
    const least = kept.map((column, at) => leastOf(column, natural[at] ?? 0))
    const most = Math.max(...kept.map(({ spare }) => spare ?? 0))
    if (total(least) <= width || most === 0)
      return rendered(kept, rows, fitted(kept, natural, { least, width }))
    kept = kept.filter(({ spare }) => spare !== most)
  }
}

const LEAST = 20
const LAST = 8
const PADDING = 2

const leastOf = <Row>({ flows, least = LEAST }: Column<Row>, natural: number): number =>
  flows === undefined ? natural : Math.min(natural, least + PADDING)

/** The widest column that flows gives way, down to what each must have; then below that. */
const fitted = <Row>(
  columns: readonly Column<Row>[],
  natural: readonly number[],
  { least, width }: { readonly least: readonly number[]; readonly width: number },
): readonly number[] => {
  const widths = [...natural]
  for (const floors of [least, least.map(() => LAST + PADDING)])
    while (total(widths) > width) {
      const spare = widths.map((one, at) =>
        columns[at]?.flows !== undefined && one > (floors[at] ?? 0) ? one : 0,
      )
      const widest = Math.max(...spare)
      if (widest === 0) break
      widths[spare.indexOf(widest)] = widest - 1
    }
  return widths
}

const rendered = <Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  widths?: readonly number[],
): string => {
  const table = new Table({
    head: columns.map(({ head }) => head),
    colAligns: columns.map(({ align }) => align ?? "left"),
    style: { head: [], border: [], compact: true },
    ...(widths !== undefined && { colWidths: [...widths], wordWrap: true }),
  })
  for (const row of rows)
    table.push(
      columns.map(({ cell, flows }, at) => {
        const most = (widths?.[at] ?? Number.POSITIVE_INFINITY) - PADDING
        return flows === "anywhere" ? broken(cell(row), most) : cell(row)
      }),
    )
  return table.toString()
}

/** A name in lines of its column's width; letters of the East take two places. */
const broken = (text: string, most: number): string => {
  const lines = [""]
  let used = 0
  for (const char of text) {
    const taken = (char.codePointAt(0) ?? 0) >= 0x1100 ? 2 : 1
    if (used + taken > most) {
      lines.push("")
      used = 0
    }
    lines[lines.length - 1] += char
    used += taken
  }
  return lines.join("\n")
}

const total = (widths: readonly number[]): number =>
  widths.reduce((sum, width) => sum + width + 1, 1)

/** The border above has a mark for each column of the terminal, whatever stands in the cells. */
const widthsOf = (text: string): readonly number[] =>
  text
    .slice(1, text.indexOf("\n") - 1)
    .split("┬")
    .map(({ length }) => length)
