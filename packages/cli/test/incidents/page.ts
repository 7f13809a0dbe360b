import { amountText } from "@spendfuse/core"
import type { AllFigures, Figures } from "./figures.ts"
import { fleetOf, NAMES, textOf } from "./library.ts"

/** One sentence for each incident: what to learn of it. */
export const lessons = (): Readonly<Record<string, string>> => JSON.parse(textOf("lessons.json"))

/** The page of all incidents, from their files and figures. */
export const incidentsPage = (figures: AllFigures): string =>
  `${[
    "# Incidents",
    HEAD,
    tableOf(
      HEADS,
      NAMES.map((name) => overviewOf(name, figures[name] ?? {})),
    ),
    ...NAMES.map((name) => sectionOf(name, figures[name] ?? {})),
  ].join("\n\n")}\n`

const HEAD = [
  "Fleets that replay what happened to others, or a fault of others' counters. Each is a file in",
  "[`packages/cli/incidents`](../../packages/cli/incidents/), and was simulated with seed 1: the same file and seed give the",
  "same figures everywhere, and a test holds this page to them. `spendfuse simulate FILE` plays one.",
  "",
  "**Unguarded** makes every call. **Alert** looks at a day's bill when the day is over. **Counter** has the same policy, looks",
  "whether there is room, and adds what a call did cost afterwards, with the habit of the story. **Spendfuse** reserves first. Bills",
  "are the provider's. _Wanted refused_ are refusals of calls that somebody wanted, each time that one is asked for again. A",
  "page is a tier that refuses and tells somebody; a counter tells nobody.",
].join("\n")

const HEADS = [
  "incident",
  "unguarded",
  "counter",
  "Spendfuse",
  "counter: wanted refused",
  "Spendfuse: wanted refused",
  "pages",
]

const overviewOf = (name: string, ways: Readonly<Record<string, Figures>>): readonly string[] => {
  const { unguarded, counter, spendfuse } = ways
  return [
    `[${name}](#${name})`,
    usd(unguarded?.billedNanoUsd),
    usd(counter?.billedNanoUsd),
    usd(spendfuse?.billedNanoUsd),
    count(counter?.refusedWanted),
    count(spendfuse?.refusedWanted),
    count(spendfuse?.pages),
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
        way,
        count(figures.asked),
        count(figures.made),
        count(figures.refused),
        count(figures.refusedWanted),
        usd(figures.billedNanoUsd),
        usd(figures.worstHourNanoUsd),
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
    : `Spendfuse counted ${usd(fuse.countedNanoUsd)}. `

const usd = (nanoUsd: number | undefined): string => {
  if (nanoUsd === undefined) return ""
  const cents = Math.round(nanoUsd / 1e7) * 1e7
  const text = amountText(cents === 0 ? nanoUsd : cents, "usd")
  return text.replace(/\d(?=(\d{3})+(\.|$))(?<!\.\d*)/g, "$&,")
}

const count = (value: number | undefined): string => (value ?? 0).toLocaleString("en-GB")

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
