import type { Lease } from "../domain/policy.ts"
import { HOUR_MS, parseDuration, SECOND_MS } from "../domain/time.ts"
import type { BudgetJson } from "./policyJson.ts"
import { shown, under } from "./problem.ts"
import type { Reader } from "./read.ts"

/** A quarter: with more, few hosts would hold all that there is. */
const SHARE_MAX_PERCENT = 25

/** How hosts may hold slices of a budget; what is wrong goes to the reader. */
export const readLease = (
  reader: Reader,
  json: NonNullable<BudgetJson["lease"]>,
  path: string,
): Lease => {
  const sharePercent = reader.percent(under(path, "share"), json.share)
  const isRead = !reader.problems.some((problem) => problem.path === under(path, "share"))
  if (isRead && sharePercent > SHARE_MAX_PERCENT)
    reader.problem(
      under(path, "share"),
      `${shown(json.share)} is more than ${SHARE_MAX_PERCENT} %, which few hosts would use up; write e.g. "1%"`,
    )
  const forMs = parseDuration(json.for)
  if (forMs !== undefined && forMs >= SECOND_MS && forMs <= HOUR_MS) return { sharePercent, forMs }
  reader.problem(
    under(path, "for"),
    `${shown(json.for)} is not a duration from 1s to 1h; write e.g. "30s"`,
  )
  return { sharePercent, forMs: SECOND_MS }
}
