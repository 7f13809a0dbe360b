import { lengthText } from "@spendfuse/adapters/notifier"
import type { Fleet, FleetReport, FuseReport, WayReport } from "@spendfuse/core/lab"
import { countText, dollarsText, numberText } from "../figures.ts"
import { clockText } from "../operator/instants.ts"
import { type Column, tableText } from "../operator/table.ts"
import type { Paint } from "../paint.ts"
import { actorsText } from "./actors.ts"
import { BOUND_HEAD, boundRow, boundsOf, unboundText } from "./bounds.ts"
import { type Expectation, expectationsOf } from "./expectations.ts"
import { toldLines, toldSum } from "./told.ts"
import { beyondText, WAY_LOOKS, wayOf } from "./ways.ts"

/** How it is written. */
export interface Look {
  readonly paint: Paint
  readonly columns: number
}

/** A fleet's report for a terminal. */
export const fleetText = (fleet: Fleet, report: FleetReport, look: Look): string => {
  const { paint, columns } = look
  const fuse = wayOf(report, "spendfuse")
  return [
    ...headText(fleet, report, paint),
    "",
    tableText(wayColumns(fleet, paint), report.ways, columns),
    ...(beyondText(report) ?? "").split("\n").filter((line) => line !== ""),
    ...(fuse?.fuse == null ? [] : underFuse(fleet, fuse, fuse.fuse, look)),
    ...expectedText(expectationsOf(fleet, report), look),
  ].join("\n")
}

const headText = (fleet: Fleet, { seed }: FleetReport, paint: Paint): readonly string[] => [
  paint.bold(fleet.title),
  ...(fleet.why === null ? [] : [fleet.why]),
  ...(fleet.source === null ? [] : [paint.dim(`source: ${fleet.source}`)]),
  paint.dim(spanText(fleet, seed)),
]

/** `2026-01-15 06:00 to 2026-01-16 00:00 UTC, 18 h, 1 host, seed 1`. */
export const spanText = ({ startMs, endMs, hosts }: Fleet, seed: number): string =>
  `${minuteText(startMs)} to ${minuteText(endMs)} UTC, ${lengthText(endMs - startMs)}, ${countText(hosts, "host")}, seed ${seed}`

const minuteText = (atMs: number): string =>
  new Date(atMs).toISOString().slice(0, 16).replace("T", " ")

const wayColumns = (fleet: Fleet, paint: Paint): readonly Column<WayReport>[] => [
  {
    head: "way",
    cell: ({ way }) =>
      way === "spendfuse" ? paint.bold(WAY_LOOKS[way].name) : WAY_LOOKS[way].name,
  },
  ...WAY_FIGURES.map(
    ({ head, cell, spare, flows }): Column<WayReport> => ({
      head,
      cell,
      align: "right",
      ...(flows === true && { flows: "at spaces", least: 9 }),
      ...(spare !== undefined && { spare }),
    }),
  ),
  ...(fleet.people === null
    ? []
    : [
        {
          head: "people came",
          cell: (way: WayReport) => answeredText(fleet, way),
          flows: "at spaces" as const,
          least: 8,
          spare: 2,
        },
      ]),
]

/** What is told of each way. */
export const WAY_FIGURES: readonly {
  readonly head: string
  readonly cell: (way: WayReport) => string
  readonly spare?: number
  /** Its head may take two lines; an amount is never cut. */
  readonly flows?: true
}[] = [
  { head: "spent", cell: ({ billedNanoUsd }) => dollarsText(billedNanoUsd) },
  { head: "worst hour", cell: ({ worstHourNanoUsd }) => dollarsText(worstHourNanoUsd), spare: 1 },
  { head: "calls made", cell: ({ made }) => numberText(made), spare: 3, flows: true },
  { head: "refused", cell: ({ refused }) => numberText(refused) },
  { head: "wanted refused", cell: ({ refusedWanted }) => numberText(refusedWanted), flows: true },
]

/** When people first did something about it; nobody comes who is not called. */
export const answeredText = (
  { startMs }: Fleet,
  { answeredAtMs }: Pick<WayReport, "answeredAtMs">,
): string => (answeredAtMs === null ? "no" : clockText(answeredAtMs, startMs))

const underFuse = (
  fleet: Fleet,
  { actors, billedNanoUsd }: WayReport,
  fuse: FuseReport,
  { paint, columns }: Look,
): readonly string[] => [
  "",
  paint.bold("under Spendfuse, by actor"),
  actorsText(actors, columns),
  ...ledgerText(fuse, billedNanoUsd),
  "",
  paint.bold("told (UTC)"),
  ...toldLines(fleet, fuse).map((line) => {
    if (line.kind === "again") return paint.dim(`  ${line.what}`)
    const kind = line.kind === "page" ? paint.red("page   ") : paint.yellow("warning")
    return `  ${line.at}  ${kind}  ${line.channels}: ${line.what}`
  }),
  toldSum(fuse),
  "",
  paint.bold("the worst bills seen, and their bounds by calculation"),
  unboundText(fleet, fuse) ??
    tableText(
      BOUND_HEAD.map(
        (head, at): Column<readonly string[]> => ({
          head,
          cell: (row) => row[at] ?? "",
          ...(at === 0 ? { flows: "at spaces" as const } : {}),
          ...(at > 1 && { align: "right" as const }),
        }),
      ),
      boundsOf(fleet, fuse).map(boundRow),
      columns,
    ),
]

/** What the ledger says where it is not the bill. */
export const ledgerText = (
  { countedNanoUsd, aloneNanoUsd }: FuseReport,
  billedNanoUsd: number,
): readonly string[] => [
  ...(countedNanoUsd === billedNanoUsd
    ? []
    : [
        `The ledger counted ${dollarsText(countedNanoUsd)}, the provider billed ${dollarsText(billedNanoUsd)}.`,
      ]),
  ...(aloneNanoUsd === 0
    ? []
    : [`${dollarsText(aloneNanoUsd)} of it was decided without the store.`]),
]

const expectedText = (all: readonly Expectation[], { paint, columns }: Look): readonly string[] =>
  all.length === 0
    ? []
    : [
        "",
        paint.bold("expected"),
        tableText(
          [
            { head: "", cell: ({ isMet }) => (isMet ? paint.green("met") : paint.red("MISSED")) },
            { head: "field", cell: ({ path }) => path, flows: "anywhere" },
            { head: "expected", cell: ({ expected }) => expected, flows: "at spaces" },
            { head: "found", cell: ({ found }) => found, flows: "at spaces" },
          ],
          all,
          columns,
        ),
      ]
