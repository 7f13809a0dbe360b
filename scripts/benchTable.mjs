// Writes README's table of ratios from the JSON of the bench: `npm run bench -- --json > bench.json`, then
// `node scripts/benchTable.mjs bench.json`.
import { readFileSync, writeFileSync } from "node:fs"

const OPEN = "<!-- bench: npm run bench -- --json -->"
const CLOSE = "<!-- /bench -->"
const [file] = process.argv.slice(2)
if (file === undefined) {
  console.error("give the file that `npm run bench -- --json` was written to")
  process.exit(2)
}
const lastLine = readFileSync(file, "utf8").trim().split("\n").at(-1)
const { ratios } = JSON.parse(lastLine)
const number = (value) => (typeof value === "number" ? String(Number(value.toPrecision(3))) : "–")
const rows = [
  ["ratio", "median", "p10 to p90", "goal", "met"],
  ...ratios.map(({ name, value, p10, p90, goal, better, met }) => [
    `\`${name}\``,
    number(value),
    `${number(p10)} to ${number(p90)}`,
    `${better === "higher" ? "≥" : "≤"} ${number(goal)}`,
    met ? "yes" : "no",
  ]),
]
const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
const line = (cells) =>
  `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(" | ")} |`
const [head, ...body] = rows
const table = [
  OPEN,
  "",
  line(head),
  line(widths.map((width) => "-".repeat(width))),
  ...body.map(line),
  "",
  CLOSE,
].join("\n")

const readme = new URL("../README.md", import.meta.url)
const text = readFileSync(readme, "utf8")
const from = text.indexOf(OPEN)
const to = text.indexOf(CLOSE)
if (from < 0 || to < from) throw new Error("README.md has no block between the bench markers")
writeFileSync(readme, text.slice(0, from) + table + text.slice(to + CLOSE.length))
