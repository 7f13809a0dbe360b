import type { CallsAndMoney, ReplayReport } from "@spendfuse/core/lab"
import { countText, dollarsText } from "../figures.ts"
import type { Column } from "../operator/table.ts"
import { tableText } from "../operator/table.ts"
import type { Paint } from "../paint.ts"
import { withoutControls } from "./badRow.ts"
import type { Reading } from "./readLog.ts"
import { remarksOf } from "./remarks.ts"
import type { Checked } from "./settings.ts"

/** A report and the name of its policy. */
export interface Named {
  readonly name: string
  readonly report: ReplayReport
  readonly checked: Checked | null
}

/** The report for a terminal: the log, each policy in a column, then what was told and the settings. */
export const reportText = (
  reading: Reading,
  all: readonly Named[],
  { paint, columns, refuseUnder }: { paint: Paint; columns: number; refuseUnder: number },
): string => {
  const [first] = all
  if (first === undefined) return ""
  return [
    logText(reading, first.report),
    ...badText(reading, paint),
    ...remarksOf(reading).map(paint.yellow),
    "",
    tableText(figureColumns(all), FIGURES, columns),
    ...all.flatMap((one) => [
      "",
      paint.bold(`${one.name}: budgets`),
      budgetsText(one, refuseUnder, columns),
      ...checkedText(one),
      ...toldText(one, paint, columns),
      ...unplayedText(one, paint),
    ]),
    "",
    paint.bold("who was refused most"),
    payersText(first.report, columns),
  ].join("\n")
}

/** The rows of the table of figures. */
export const FIGURES: readonly {
  readonly what: string
  readonly of: (report: ReplayReport) => string
}[] = [
  { what: "asked for", of: ({ asked }) => both(asked) },
  { what: "served", of: ({ served }) => both(served) },
  { what: "refused", of: ({ asked, refused }) => `${both(refused)}, ${shareText(refused, asked)}` },
  { what: "  of it legitimate", of: ({ legitimate }) => both(legitimate) },
  { what: "  of it not", of: ({ illegitimate }) => both(illegitimate) },
  { what: "  nobody can tell", of: ({ unjudged }) => both(unjudged) },
  { what: "  by reason", of: ({ reasons }) => reasonsText(reasons) },
  { what: "output cut", of: ({ clipped }) => countText(clipped, "call") },
  { what: "by a fallback", of: ({ byFallback }) => countText(byFallback, "call") },
  { what: "warnings", of: ({ warnings }) => String(warnings) },
  { what: "pages", of: ({ pages }) => String(pages) },
]

export const both = ({ calls, nanoUsd }: CallsAndMoney): string =>
  `${dollarsText(nanoUsd)} in ${countText(calls, "call")}`

export const shareText = (part: CallsAndMoney, all: CallsAndMoney): string =>
  `${all.calls === 0 ? 0 : Math.round((part.calls / all.calls) * 10_000) / 100} % of calls`

export const instantText = (atMs: number): string =>
  `${new Date(atMs).toISOString().slice(0, 16).replace("T", " ")}`

const reasonsText = (reasons: ReplayReport["reasons"]): string =>
  Object.entries(reasons)
    .map(([reason, count]) => `${reason} ${count.toLocaleString("en-US")}`)
    .join(", ") || "none"

const figureColumns = (all: readonly Named[]): readonly Column<(typeof FIGURES)[number]>[] => [
  { head: "", cell: ({ what }) => what },
  ...all.map(({ name, report }) => ({
    head: name,
    cell: ({ of }: (typeof FIGURES)[number]) => of(report),
    flows: "at spaces" as const,
  })),
]

const logText = ({ format, read }: Reading, { fromMs, untilMs, payers }: ReplayReport): string =>
  fromMs === null || untilMs === null
    ? "no rows"
    : `${countText(read, "row")} (${format}) of ${countText(payers, "payer")}, ${instantText(fromMs)} to ${instantText(untilMs)} UTC`

const badText = ({ bad }: Reading, paint: Paint): readonly string[] =>
  bad.count === 0
    ? []
    : [
        paint.yellow(`${countText(bad.count, "bad row")}, left out:`),
        ...bad.first.slice(0, 5).map(({ line, why }) => `  line ${line}: ${why}`),
        ...(bad.count > 5 ? [`  and ${bad.count - Math.min(5, bad.first.length)} more`] : []),
      ]

const budgetsText = ({ report, checked }: Named, refuseUnder: number, width: number): string =>
  tableText(
    [
      { head: "budget", cell: ({ id }) => id, flows: "anywhere" },
      { head: "stood in the way of", cell: ({ refused }) => both(refused), flows: "at spaces" },
      {
        head: "a period would have used: median, 95 %, most",
        cell: ({ demand, unit }) =>
          [demand.median, demand.p95, demand.most].map((one) => shortText(one, unit)).join(", "),
        flows: "at spaces",
        spare: 1,
      },
      {
        head: `lowest limit that refuses under ${refuseUnder * 100} %`,
        cell: ({ id, demand, setting, unit }) =>
          demand.most === 0
            ? "was not asked"
            : setting === null
              ? "never blocks"
              : shortText(checked?.limits[id] ?? setting.cheapestLimit, unit),
        align: "right",
        flows: "at spaces",
      },
    ],
    report.budgets,
    width,
  )

export const shortText = (amount: number, unit: "usd" | "tokens" | "requests"): string =>
  unit === "usd" ? dollarsText(amount) : `${amount.toLocaleString("en-US")} ${unit}`

export const checkedText = ({ checked }: Pick<Named, "checked">): readonly string[] =>
  checked === null
    ? []
    : [
        `With these limits all at once it refuses ${shareText(checked.refused, checked.asked)}: ${both(checked.refused)}.${
          checked.isUnder
            ? ""
            : " That is still too much: what is refused are circuits that stay open: give them a shorter cool-down."
        }`,
      ]

const toldText = ({ report }: Named, paint: Paint, width: number): readonly string[] => {
  const told = report.told.filter(({ kind }) => kind !== "other")
  if (told.length === 0) return ["Nobody would have been told anything."]
  const rows = told.map((one) => ({ ...one, channels: one.channels.join(", ") || "the hook" }))
  return [
    paint.bold("told"),
    tableText(
      [
        { head: "what", cell: ({ name, kind }) => `${name} (${kind})`, flows: "at spaces" },
        { head: "times", cell: ({ count }) => String(count), align: "right" },
        { head: "to", cell: ({ channels }) => channels, flows: "at spaces", spare: 1 },
        { head: "first", cell: ({ firstAtMs }) => instantText(firstAtMs) },
        { head: "last", cell: ({ lastAtMs }) => instantText(lastAtMs), spare: 2 },
      ],
      rows,
      width,
    ),
  ]
}

const unplayedText = ({ report }: Named, paint: Paint): readonly string[] => [
  ...report.unplayed.map(({ why, rows }) =>
    paint.yellow(`${countText(rows, "row")} could not be played: ${why}`),
  ),
  ...(report.late === 0
    ? []
    : [
        paint.yellow(
          `${countText(report.late, "row")} came after later ones and counted at their time; sort the log by time`,
        ),
      ]),
]

const payersText = ({ topPayers }: ReplayReport, width: number): string =>
  tableText(
    [
      { head: "payer", cell: ({ subject }) => payerText(subject), flows: "anywhere" },
      { head: "asked for", cell: ({ asked }) => both(asked), flows: "at spaces" },
      { head: "refused", cell: ({ refused }) => both(refused), flows: "at spaces" },
    ],
    topPayers.slice(0, 10),
    width,
  )

export const payerText = (subject: Readonly<Record<string, string>>): string =>
  Object.entries(subject)
    .map(([name, value]) => withoutControls(`${name} ${value}`))
    .join(", ") || "nobody"
