import type { JSX } from "preact"
import type { Point } from "./history.ts"
import type { Unit } from "./views.ts"
import { amountText, timeText } from "./words.ts"

const WIDTH = 200
const HEIGHT = 32

/** What was settled over time, as a line; in words for who does not see it. */
export const Sparkline = ({
  points,
  unit,
}: {
  readonly points: readonly Point[]
  readonly unit: Unit
}): JSX.Element | null => {
  const first = points[0]
  const last = points.at(-1)
  if (first === undefined || last === undefined || points.length < 2) return null
  const spanMs = Math.max(1, last.atMs - first.atMs)
  const top = Math.max(1, ...points.map(({ settled }) => settled))
  const line = points
    .map(({ atMs, settled }) => {
      const x = (WIDTH * (atMs - first.atMs)) / spanMs
      return `${x.toFixed(1)},${(HEIGHT - 1 - ((HEIGHT - 2) * settled) / top).toFixed(1)}`
    })
    .join(" ")
  const words = `Spent since ${timeText(first.atMs)}: from ${amountText(first.settled, unit)} to ${amountText(last.settled, unit)}`
  return (
    <svg
      class="sparkline"
      role="img"
      aria-label={words}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
    >
      <polyline points={line} />
    </svg>
  )
}
