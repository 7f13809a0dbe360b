// Draws docs/pictures/scale.svg from the simulation: calls decided against calls asked, one line for each way.
// Run it as `node_modules/.bin/node --conditions=@spendfuse/source scripts/scalePicture.mjs`.
import { mkdirSync, writeFileSync } from "node:fs"
import { simulate } from "./proof/simulate.mjs"

const WIDTH = 760
const HEIGHT = 360
const PLOT = { left: 70, right: 480, top: 24, bottom: 300 }
const DECADES = { from: 3, to: 6 }
const TICKS = ["1,000", "10,000", "100,000", "1,000,000"]
const COLOURS = ["#b3261e", "#9a6700", "#1a7f37", "#0969da", "#8250df"]

const { rows } = simulate({ seed: 1 }).figures
const names = [...new Set(rows.map(({ name }) => name))]
const round = (value) => Number(value.toFixed(1))
const share = (calls) => (Math.log10(calls) - DECADES.from) / (DECADES.to - DECADES.from)
const x = (calls) => round(PLOT.left + share(calls) * (PLOT.right - PLOT.left))
const y = (calls) => round(PLOT.bottom - share(calls) * (PLOT.bottom - PLOT.top))
const text = (at, down, words, more = "") =>
  `<text x="${at}" y="${round(down)}"${more}>${words}</text>`
const ofWay = (name) => rows.filter((row) => row.name === name)
const last = (name) => ofWay(name).at(-1).callsDecided
const shown = (count) => count.toLocaleString("en-GB")

/** Labels of lines that end together are moved apart. */
const LINE_PX = 17
const ends = names
  .map((name, at) => ({ name, colour: COLOURS[at], down: y(last(name)) }))
  .sort((a, b) => a.down - b.down)
for (const [at, end] of ends.entries())
  if (at > 0) end.down = Math.max(end.down, ends[at - 1].down + LINE_PX)

const parts = [
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="13" fill="#57606a" role="img" aria-label="Calls decided a second where a million are asked: ${names.map((name) => `${name} ${shown(last(name))}`).join("; ")}">`,
  `<rect width="${WIDTH}" height="${HEIGHT}" rx="6" fill="#ffffff"/>`,
  ...TICKS.flatMap((tick, at) => {
    const calls = 10 ** (DECADES.from + at)
    return [
      `<path d="M${PLOT.left} ${y(calls)}H${PLOT.right}" stroke="#d0d7de"/>`,
      text(PLOT.left - 8, y(calls) + 4, tick, ' text-anchor="end" font-size="11"'),
      text(x(calls), PLOT.bottom + 18, tick, ' text-anchor="middle" font-size="11"'),
    ]
  }),
  ...ends.flatMap(({ name, colour, down }) => [
    `<polyline points="${ofWay(name)
      .map(({ callsAsked, callsDecided }) => `${x(callsAsked)},${y(callsDecided)}`)
      .join(" ")}" fill="none" stroke="${colour}" stroke-width="2.5"/>`,
    text(PLOT.right + 10, down + 4, name, ` fill="${colour}" font-size="12"`),
  ]),
  text(
    PLOT.left,
    HEIGHT - 14,
    "Calls decided a second against calls asked: npm run proof -- --simulate",
  ),
  "</svg>",
]
mkdirSync(new URL("../docs/pictures", import.meta.url), { recursive: true })
writeFileSync(new URL("../docs/pictures/scale.svg", import.meta.url), `${parts.join("\n")}\n`)
