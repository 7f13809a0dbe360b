import type { Line } from "../domain/command.ts"
import type { Obstacle } from "../domain/outcome.ts"
import { budgetOf } from "../domain/subject.ts"
import { offsetOrInstant } from "../edge/instant.ts"
import { amountIn } from "./amounts.ts"
import { record } from "./json.ts"
import type { Step } from "./scenarioSteps.ts"
import type { Seen } from "./seen.ts"

/** One expectation that was not met. */
export interface Missed {
  readonly field: string
  readonly expected: unknown
  readonly found: unknown
}

/** Compares what a step showed with what it must; what is not named is not checked. */
export const missedOf = (step: Step, seen: Seen): readonly Missed[] => {
  const missed: Missed[] = []
  for (const [field, expected] of Object.entries(step.expect ?? {})) {
    const found = foundOf(field, step, seen)
    if (!isMet(field, expected, found, step, seen)) missed.push({ field, expected, found })
  }
  return missed
}

const foundOf = (field: string, step: Step, seen: Seen): unknown => {
  const { outcome, view } = seen
  switch (field) {
    case "allowed":
      return step.verb === "parallel" ? outcome.allowed : (seen.allowed ?? true)
    case "refused":
    case "errors":
    case "reason":
    case "granted":
    case "error":
      return outcome[field]
    case "until":
      return outcome.kind === "refused" ? iso(outcome.untilMs) : undefined
    case "obstacles":
      return obstacleNames(outcome.obstacles)
    case "events":
      return seen.events
    case "withoutStore":
      return seen.withoutStore
    case "circuit":
      return view?.circuit
    case "remaining":
      return view === null ? undefined : Math.max(0, view.cap - view.settled - view.held)
    default:
      return view?.[field as "settled" | "held"]
  }
}

const isMet = (
  field: string,
  expected: unknown,
  found: unknown,
  step: Step,
  seen: Seen,
): boolean => {
  switch (field) {
    case "events":
    case "obstacles":
      return sameItems(expected, found)
    case "until":
      return expected === null
        ? found === null
        : iso(offsetOrInstant(String(expected), step.atMs)) === found
    case "settled":
    case "held":
    case "remaining":
      return isAmount(expected, found, seen.line)
    default:
      return expected === found
  }
}

const isAmount = (expected: unknown, found: unknown, line: Line | null): boolean => {
  const units = Object.keys(record(expected) ?? {})
  const own = line?.terms.unit
  return (
    own !== undefined &&
    units.length > 0 &&
    units.every((unit) => (unit === "usdNano" ? "usd" : unit) === own) &&
    amountIn(own, expected) === found
  )
}

const sameItems = (expected: unknown, found: unknown): boolean =>
  Array.isArray(expected) &&
  Array.isArray(found) &&
  JSON.stringify([...expected].sort()) === JSON.stringify([...found].sort())

const obstacleNames = (obstacles: unknown): readonly string[] =>
  (Array.isArray(obstacles) ? (obstacles as readonly Obstacle[]) : []).map((obstacle) =>
    obstacle.kind === "switch"
      ? `switch ${obstacle.switch.slice(0, obstacle.switch.indexOf("="))} switched-off`
      : `${budgetOf(obstacle.account)} ${obstacle.reason}`,
  )

const iso = (atMs: unknown): string | null =>
  typeof atMs === "number" ? new Date(atMs).toISOString() : null
