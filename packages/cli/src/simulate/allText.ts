import type { FleetReport, Way } from "@spendfuse/core/lab"
import { dollarsText, numberText } from "../figures.ts"
import { type Column, tableText } from "../operator/table.ts"
import type { Look } from "./fleetText.ts"
import { wayOf } from "./ways.ts"

/** A report and the name that its fleet was asked for by. */
export interface NamedReport {
  readonly name: string
  readonly report: FleetReport
}

/** Many fleets in one table: what each way let through, and the wanted calls that it refused. */
export const allText = (all: readonly NamedReport[], { paint, columns }: Look): string => {
  const missed = all.flatMap(({ name, report }) =>
    report.missed.map(
      ({ path, expected, found }) => `${name}: ${path}: ${found}, expected ${expected}`,
    ),
  )
  return [
    tableText(COLUMNS, all, columns),
    "In brackets: wanted calls that were refused.",
    ...missed.map((line) => paint.red(line)),
  ].join("\n")
}

const cellOf = (way: Way, { report }: NamedReport): string => {
  const played = wayOf(report, way)
  if (played === null) return "–"
  const { billedNanoUsd, refusedWanted } = played
  return `${dollarsText(billedNanoUsd)}${refusedWanted === 0 ? "" : ` (${numberText(refusedWanted)})`}`
}

const column = (head: string, way: Way, spare?: number): Column<NamedReport> => ({
  head,
  cell: (one) => cellOf(way, one),
  align: "right",
  flows: "at spaces",
  // Amounts are never cut.
  least: 11,
  ...(spare !== undefined && { spare }),
})

const COLUMNS: readonly Column<NamedReport>[] = [
  { head: "incident", cell: ({ name }) => name, flows: "anywhere", least: 16 },
  column("no guard", "unguarded", 1),
  column("billing alert", "alert", 2),
  column("post-hoc counter", "counter"),
  column("Spendfuse", "spendfuse"),
  {
    head: "expected",
    cell: ({ report }) => (report.missed.length === 0 ? "" : "MISSED"),
    spare: 3,
  },
]
