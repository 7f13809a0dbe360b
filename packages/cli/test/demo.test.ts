import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { beforeAll, describe, expect, it } from "vitest"
import { type Ran, run } from "./fakeIo.ts"

interface Told {
  readonly at: string
  readonly channel: string
  readonly event: string
}

describe("spendfuse demo", () => {
  let ran: Ran
  let html = ""
  let json: Record<string, unknown> = {}
  let events: readonly Told[] = []

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), "spendfuse-demo-"))
    const report = join(folder, "report.html")
    ran = await run(["demo", "--json", "--report", report])
    html = readFileSync(report, "utf8")
    rmSync(folder, { recursive: true })
    json = JSON.parse(ran.out.trimEnd().split("\n").at(-1) ?? "")
    events = json.events as readonly Told[]
  })

  it("prints one JSON object of these fields, last on the standard output", () => {
    expect(ran.code).toBe(0)
    expect(Object.keys(json)).toEqual([
      "budgets",
      "unguardedNano",
      "alertOnlyNano",
      "postHocNano",
      "guardedNano",
      "events",
      "burst",
    ])
    expect(json.budgets).toEqual([
      { id: "hour", capNano: 250_000_000_000, maxSpentNano: expect.any(Number) },
      { id: "day", capNano: expect.any(Number), maxSpentNano: expect.any(Number) },
    ])
  })

  it("never passes a cap by one nano-dollar, and uses nearly all of it", () => {
    const budgets = json.budgets as readonly { capNano: number; maxSpentNano: number }[]
    for (const { capNano, maxSpentNano } of budgets) {
      expect(maxSpentNano).toBeLessThanOrEqual(capNano)
      expect(maxSpentNano).toBeGreaterThan(capNano * 0.99)
    }
    expect(json.guardedNano).toBeLessThanOrEqual(budgets[1]?.capNano ?? 0)
  })

  it("loops to $72,000 where nothing guards it, and where the alert looks at midnight", () => {
    expect(json.unguardedNano).toBe(72_000_000_000_000)
    expect(json.alertOnlyNano).toBe(72_000_000_000_000)
    expect(json.postHocNano).toBeGreaterThan(18 * 250_000_000_000)
  })

  it("shows the heads-up, the trip and its page, the latch, and the acknowledgement that resumes", () => {
    const at = (channel: string, event: string, from = 0) =>
      events.findIndex(
        (one, place) => place >= from && one.channel === channel && one.event === event,
      )
    const headsUp = at("slack", "tier hour 80%")
    const trip = at("pagerDuty", "circuit hour open", headsUp)
    const resumed = at("pagerDuty", "circuit hour closed", trip)
    const latch = at("oncall", "circuit day latched", resumed)
    const acknowledged = at("operator", "audit acknowledge", latch)
    const again = at("oncall", "circuit day latched", acknowledged)
    const story = [headsUp, trip, resumed, latch, acknowledged, again]
    expect(story).not.toContain(-1)
    expect(story).toEqual([...story].sort((a, b) => a - b))
    expect(at("pagerDuty", "tier hour 100%")).toBeGreaterThan(headsUp)
    expect(at("oncall", "circuit day closed", latch)).toBeGreaterThan(latch)
    for (const { at: instant } of events) expect(new Date(instant).toISOString()).toBe(instant)
  })

  it("uses a budget in a burst, never more than it, and refuses almost nobody who fits", () => {
    const burst = json.burst as { calls: number; spentRatio: number; falseRefusals: number }
    expect(burst.calls).toBe(200)
    expect(burst.spentRatio).toBeLessThanOrEqual(1)
    expect(burst.spentRatio).toBeGreaterThanOrEqual(0.98)
    expect(burst.falseRefusals).toBeLessThanOrEqual(2)
  })

  it("writes a report that loads nothing", () => {
    expect(html).toMatch(/^<!doctype html>/)
    expect(html).not.toMatch(/<(script|link|img)[^>]+(src|href)=/)
    expect(html).toContain("$72,000")
    expect(html).toContain("uPlot")
  })
})
