import { readFileSync } from "node:fs"
import { type FleetReport, simulate } from "@spendfuse/core/lab"
import { describe, expect, it } from "vitest"
import { type AllFigures, figuresOf } from "./figures.ts"
import { fleetOf, incidentText, jsonBeside, NAMES } from "./library.ts"
import { incidentsPage, lessons } from "./page.ts"

const SEEDS = Math.ceil(Number(process.env.LAW_RUNS ?? 400) / 400)
const kept = jsonBeside("figures.json") as AllFigures
const simulated = new Map<string, FleetReport>()

/** Each is simulated once for all that is asked of it. */
const reportOf = (name: string): FleetReport => {
  const report = simulated.get(name) ?? simulate(fleetOf(name), { seed: 1 })
  simulated.set(name, report)
  return report
}

describe("the library of incidents", () => {
  it("has its figures and lessons, and of none that is gone", () => {
    expect(NAMES.length).toBeGreaterThanOrEqual(16)
    expect(Object.keys(kept)).toEqual(NAMES)
    expect(Object.keys(lessons()).sort()).toEqual(NAMES)
  })

  it("is told in docs/reference/incidents.md; `node scripts/incidents.mjs --write` brings it up", () => {
    const page = new URL("../../../../docs/reference/incidents.md", import.meta.url)
    expect(readFileSync(page, "utf8")).toBe(incidentsPage(kept))
  })
})

describe.each(NAMES)("%s", (name) => {
  it("tells what happened, and where that is told", () => {
    const { why, source } = fleetOf(name)
    expect(why?.length).toBeGreaterThan(100)
    if (source === null) expect(incidentText(name)).toContain("we know no address")
    else expect(source).toMatch(/^https:\/\/\S+$/)
  })

  it("keeps what its file expects of the fuse", () => {
    const { expect: expected } = fleetOf(name)
    expect(expected.spentAtMost).not.toBeNull()
    expect(reportOf(name).missed).toEqual([])
  })

  it("keeps it from other seeds as well", () => {
    for (let seed = 2; seed < 2 + SEEDS; seed += 1) {
      const { missed } = simulate(fleetOf(name), { seed, ways: ["spendfuse"] })
      expect({ seed, missed }).toEqual({ seed, missed: [] })
    }
  })

  it("gives the figures that are kept", () => {
    const found = reportOf(name).ways.map((report) => [report.way, figuresOf(report)])
    expect(Object.fromEntries(found)).toEqual(kept[name])
  })

  it("asks for a few thousand calls", () => {
    for (const { asked } of reportOf(name).ways) expect(asked).toBeLessThanOrEqual(20_000)
  })

  it("passes no bound that `explain` reckons", () => {
    const bills = reportOf(name).ways.flatMap(({ fuse }) => fuse?.bills ?? [])
    expect(bills.filter(({ most, bound }) => most > bound)).toEqual([])
  })

  it("is the same bytes again from the same seed, and others from another", () => {
    const again = JSON.stringify(simulate(fleetOf(name), { seed: 1 }))
    expect(again).toBe(JSON.stringify(reportOf(name)))
    expect(JSON.stringify(simulate(fleetOf(name), { seed: 2 }))).not.toBe(again)
  })
})
