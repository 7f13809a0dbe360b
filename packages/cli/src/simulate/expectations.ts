import { amountText } from "@spendfuse/core"
import type { Fleet, FleetReport } from "@spendfuse/core/lab"
import { wayOf } from "./ways.ts"

/** A field of the fleet's `expect`, and what was found of it under Spendfuse. */
export interface Expectation {
  readonly path: string
  readonly expected: string
  readonly found: string
  readonly isMet: boolean
}

/** All that the fleet expects, in the order of its fields; nothing where Spendfuse was not played. */
export const expectationsOf = ({ expect }: Fleet, report: FleetReport): readonly Expectation[] => {
  const way = wayOf(report, "spendfuse")
  if (way === null) return []
  const { spentAtMost, pagesAtLeast, refusedAtMost } = expect
  const all: Omit<Expectation, "isMet">[] = []
  if (spentAtMost !== null)
    all.push({
      path: "expect.spentAtMost",
      expected: `at most ${amountText(spentAtMost, "usd")}`,
      found: amountText(way.billedNanoUsd, "usd"),
    })
  if (pagesAtLeast !== null)
    all.push({
      path: "expect.pagesAtLeast",
      expected: `at least ${pagesAtLeast}`,
      found: String(way.fuse?.pages ?? 0),
    })
  for (const [name, millionths] of refusedAtMost) {
    const { calls = 0, callsRefused = 0 } = way.actors.find((one) => one.name === name) ?? {}
    all.push({
      path: `expect.refusedAtMost.${name}`,
      expected: `at most ${millionths / 10_000} % of calls`,
      found: `${calls === 0 ? 0 : Math.round((callsRefused / calls) * 10_000) / 100} % (${callsRefused} of ${calls})`,
    })
  }
  const missed = new Set(report.missed.map(({ path }) => path))
  return all.map((one) => ({ ...one, isMet: !missed.has(one.path) }))
}
