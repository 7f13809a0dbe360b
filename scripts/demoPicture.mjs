// Draws docs/pictures/incident.svg from the demo's own run: spend against virtual time, four ways.
// Run it as `node_modules/.bin/node --conditions=@spendfuse/source scripts/demoPicture.mjs`.
import { mkdirSync, writeFileSync } from "node:fs"
import { playIncident } from "../packages/cli/src/demo/incident.ts"

const WIDTH = 760
const HEIGHT = 340
const PLOT = { left: 70, right: 550, top: 24, bottom: 290 }
const MOST_USD = 80_000
const HOURS = 18

const { frames } = await playIncident(() => undefined)
const last = frames.at(-1)
const startMs = frames[0].atMs
const hoursOf = (frame) => (frame.atMs - startMs) / 3_600_000
const usdOf = (nano) => nano / 1e9
const x = (hours) => PLOT.left + (hours / HOURS) * (PLOT.right - PLOT.left)
const y = (usd) => PLOT.bottom - (usd / MOST_USD) * (PLOT.bottom - PLOT.top)
const round = (value) => Number(value.toFixed(1))

const line = (field) =>
  frames
    .filter((_, at) => at % 6 === 0 || at === frames.length - 1)
    .map((frame) => `${round(x(hoursOf(frame)))},${round(y(usdOf(frame[field])))}`)
    .join(" ")

const dollars = (nano) => `$${Math.round(usdOf(nano)).toLocaleString("en-GB")}`
const WAYS = [
  ["unguarded", "no guard, or a billing alert", "#b3261e", 0],
  ["postHoc", "post-hoc counter", "#9a6700", -12],
  ["guarded", "Spendfuse", "#1a7f37", 6],
]
const text = (at, down, words, more = "") =>
  `<text x="${at}" y="${round(down)}"${more}>${words}</text>`

const parts = [
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="13" fill="#57606a" role="img" aria-label="Spend over 18 hours: ${WAYS.map(([field, name]) => `${name} ${dollars(last[field])}`).join(", ")}">`,
  `<rect width="${WIDTH}" height="${HEIGHT}" rx="6" fill="#ffffff"/>`,
  ...[0, 20_000, 40_000, 60_000, 80_000].flatMap((usd) => [
    `<path d="M${PLOT.left} ${y(usd)}H${PLOT.right}" stroke="#d0d7de"/>`,
    text(PLOT.left - 8, y(usd) + 4, `$${usd.toLocaleString("en-GB")}`, ' text-anchor="end"'),
  ]),
  ...[0, 6, 12, 18].map((hours) =>
    text(x(hours), PLOT.bottom + 20, `${hours} h`, ' text-anchor="middle"'),
  ),
  ...WAYS.flatMap(([field, name, colour, shift]) => [
    `<polyline points="${line(field)}" fill="none" stroke="${colour}" stroke-width="2.5"/>`,
    text(
      PLOT.right + 8,
      y(usdOf(last[field])) + shift,
      dollars(last[field]),
      ` fill="${colour}" font-weight="600"`,
    ),
    text(PLOT.right + 72, y(usdOf(last[field])) + shift, name.split(",")[0], ` fill="${colour}"`),
  ]),
  text(PLOT.left, HEIGHT - 12, "An agent loops towards $72,000 in 18 virtual hours: npm run demo"),
  "</svg>",
]
mkdirSync(new URL("../docs/pictures", import.meta.url), { recursive: true })
writeFileSync(new URL("../docs/pictures/incident.svg", import.meta.url), `${parts.join("\n")}\n`)
