import type { Way } from "@spendfuse/core/lab"
import { dollarsText, numberText } from "../../src/figures.ts"
import { WAY_LOOKS } from "../../src/simulate/ways.ts"
import type { AllFigures, Figures } from "./figures.ts"
import { fleetOf, jsonBeside, NAMES } from "./library.ts"

/** One sentence for each incident: what to learn of it. */
export const lessons = (): Readonly<Record<string, string>> =>
  jsonBeside("lessons.json") as Record<string, string>

/** The page of all incidents, from their files and figures. */
export const incidentsPage = (figures: AllFigures): string =>
  `${[
    "# Incidents",
    HEAD,
    wrapped(WORDS),
    tableOf(
      HEADS,
      NAMES.map((name) => overviewOf(name, figures[name] ?? {})),
    ),
    ...NAMES.map((name) => sectionOf(name, figures[name] ?? {})),
  ].join("\n\n")}\n`

const HEAD = [
  "Fleets that replay what happened to others, or a fault of others' counters. Each is a file in",
  "[`packages/cli/incidents`](../../packages/cli/incidents/), and was simulated with seed 1: the same file and seed give the",
  "same figures everywhere, and a test holds this page to them. `npx spendfuse simulate NAME` plays one; how a fleet of your",
  "own is written, says [simulate a fleet](../how-to/simulate-a-fleet.md).",
].join("\n")

const WORDS =
  "With **no guard** every call is made. A **billing alert** looks at a day's bill when the day is over. A **post-hoc counter** has the same policy, looks whether there is room, and adds what a call did cost afterwards, with the habit of the story. **Spendfuse** reserves first. Bills are the provider's. _Wanted refused_ are refusals of calls that somebody wanted, each time that one is asked for again. A page is a tier that refuses and tells somebody; a counter tells nobody."

const HEADS = [
  "incident",
  WAY_LOOKS.unguarded.name,
  WAY_LOOKS.counter.name,
  WAY_LOOKS.spendfuse.name,
  "counter refused wanted",
  "Spendfuse refused wanted",
  "pages",
]

const overviewOf = (name: string, ways: Readonly<Record<string, Figures>>): readonly string[] => {
  const { unguarded, counter, spendfuse } = ways
  return [
    `[${name}](#${name})`,
    dollarsText(unguarded?.billedNanoUsd ?? 0),
    dollarsText(counter?.billedNanoUsd ?? 0),
    dollarsText(spendfuse?.billedNanoUsd ?? 0),
    numberText(counter?.refusedWanted ?? 0),
    numberText(spendfuse?.refusedWanted ?? 0),
    numberText(spendfuse?.pages ?? 0),
  ]
}

const sectionOf = (name: string, ways: Readonly<Record<string, Figures>>): string => {
  const { title, why, source } = fleetOf(name)
  const from =
    source === null
      ? "No address is known that keeps the account."
      : `Source: [${source.replace(/^https:\/\/(www\.)?/, "")}](${source})`
  const told = `${from} · [the file](../../packages/cli/incidents/${name}.jsonc)`
  return [
    `## ${name}`,
    `**${title}.** ${why ?? ""}`,
    told,
    tableOf(
      ["way", "asked", "made", "refused", "wanted refused", "billed", "worst hour"],
      Object.entries(ways).map(([way, figures]) => [
        WAY_LOOKS[way as Way].name,
        numberText(figures.asked),
        numberText(figures.made),
        numberText(figures.refused),
        numberText(figures.refusedWanted),
        dollarsText(figures.billedNanoUsd),
        dollarsText(figures.worstHourNanoUsd),
      ]),
    ),
    `${countedOf(ways.spendfuse)}${lessons()[name] ?? ""}`,
  ]
    .map(wrapped)
    .join("\n\n")
}

/** Where the ledger and the bill are not the same, both are said. */
const countedOf = (fuse: Figures | undefined): string =>
  fuse?.countedNanoUsd === undefined || fuse.countedNanoUsd === fuse.billedNanoUsd
    ? ""
    : `Spendfuse counted ${dollarsText(fuse.countedNanoUsd)}. `

const tableOf = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const widths = head.map((cell, at) =>
    Math.max(cell.length, ...rows.map((row) => row[at]?.length ?? 0)),
  )
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join(" | ")} |`
  const rule = `| ${widths.map((width, at) => (at === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`
  return [line(head), rule, ...rows.map(line)].join("\n")
}

/** Prose at 120 columns; tables, headings and links as they are. */
const wrapped = (block: string): string => {
  if (/^[|#]/.test(block) || block.includes("](")) return block
  const lines = [""]
  for (const word of block.split(" ")) {
    const line = lines.at(-1) ?? ""
    const longer = line === "" ? word : `${line} ${word}`
    if (longer.length > 120 && line !== "") lines.push(word)
    else lines[lines.length - 1] = longer
  }
  return lines.join("\n")
}
