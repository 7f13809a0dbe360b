import type { ExpectationMissed, Fleet, FleetReport, Way } from "@spendfuse/core/lab"
import { countText, dollarsText, numberText } from "../figures.ts"
import { type Column, tableText } from "../operator/table.ts"
import { type Look, spanText } from "./fleetText.ts"
import { WAY_LOOKS } from "./ways.ts"

/** One figure over all runs. */
export interface Range {
  readonly least: number
  readonly median: number
  readonly most: number
}

const FIGURES = ["billedNanoUsd", "worstHourNanoUsd", "made", "refused", "refusedWanted"] as const
type Figure = (typeof FIGURES)[number]

/** One fleet played from several seeds. */
export interface Runs {
  readonly seeds: readonly number[]
  readonly ways: readonly ({ readonly way: Way } & Readonly<Record<Figure, Range>>)[]
  /** Every expectation that a run missed. */
  readonly missed: readonly (ExpectationMissed & { readonly seed: number })[]
}

/** Plays a fleet from so many seeds, one after the other. */
export const runsOf = (seeds: readonly number[], play: (seed: number) => FleetReport): Runs => {
  const figures = new Map<Way, Map<Figure, number[]>>()
  const missed: (ExpectationMissed & { readonly seed: number })[] = []
  for (const seed of seeds) {
    const report = play(seed)
    for (const one of report.missed) missed.push({ seed, ...one })
    for (const way of report.ways) {
      const own = figures.get(way.way) ?? new Map(FIGURES.map((name) => [name, []]))
      figures.set(way.way, own)
      for (const name of FIGURES) own.get(name)?.push(way[name])
    }
  }
  const ways = [...figures].map(([way, own]) => {
    const ranges = FIGURES.map((name) => [name, rangeOf(own.get(name) ?? [])])
    return { way, ...(Object.fromEntries(ranges) as Record<Figure, Range>) }
  })
  return { seeds, ways, missed }
}

/** Of an even number of runs the lower of the two in the middle. */
const rangeOf = (values: readonly number[]): Range => {
  const sorted = [...values].sort((one, other) => one - other)
  const at = (place: number): number => sorted[place] ?? 0
  return { least: at(0), median: at((sorted.length - 1) >> 1), most: at(sorted.length - 1) }
}

/** The runs for a terminal: the least, the median and the most of each figure. */
export const runsText = (fleet: Fleet, runs: Runs, { paint, columns }: Look): string => {
  const { seeds, ways, missed } = runs
  const [first = 1] = seeds
  return [
    paint.bold(fleet.title),
    paint.dim(
      `${spanText(fleet, first)} to ${seeds.at(-1)}; least, median, most of ${countText(seeds.length, "run")}`,
    ),
    tableText(COLUMNS, ways, columns),
    ...missedText(fleet, runs).map((line) => (missed.length === 0 ? line : paint.red(line))),
  ].join("\n")
}

const rangeText = ({ least, median, most }: Range, text: (value: number) => string): string =>
  least === most ? text(least) : [least, median, most].map(text).join(", ")

const COLUMNS: readonly Column<Runs["ways"][number]>[] = [
  { head: "way", cell: ({ way }) => WAY_LOOKS[way].name },
  {
    head: "spent",
    cell: ({ billedNanoUsd }) => rangeText(billedNanoUsd, dollarsText),
    flows: "at spaces",
  },
  {
    head: "worst hour",
    cell: ({ worstHourNanoUsd }) => rangeText(worstHourNanoUsd, dollarsText),
    flows: "at spaces",
    spare: 1,
  },
  { head: "refused", cell: ({ refused }) => rangeText(refused, numberText), flows: "at spaces" },
  {
    head: "wanted refused",
    cell: ({ refusedWanted }) => rangeText(refusedWanted, numberText),
    flows: "at spaces",
  },
]

const missedText = ({ expect }: Fleet, { seeds, ways, missed }: Runs): readonly string[] => {
  const expects =
    expect.spentAtMost !== null || expect.pagesAtLeast !== null || expect.refusedAtMost.size > 0
  if (!expects || !ways.some(({ way }) => way === "spendfuse")) return []
  const bad = new Set(missed.map(({ seed }) => seed)).size
  return [
    `Every expectation was met in ${seeds.length - bad} of ${countText(seeds.length, "run")}.`,
    ...missed
      .slice(0, LISTED)
      .map(
        ({ seed, path, expected, found }) =>
          `  seed ${seed}: ${path}: ${found}, expected ${expected}`,
      ),
    ...(missed.length > LISTED ? [`  and ${missed.length - LISTED} more`] : []),
  ]
}

const LISTED = 10
