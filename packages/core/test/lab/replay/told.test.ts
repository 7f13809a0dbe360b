import { definePolicy, type PolicyJson } from "@spendfuse/core"
import { Replay, type ReplayReport } from "@spendfuse/core/lab"
import { describe, expect, it } from "vitest"

const START_MS = Date.UTC(2026, 0, 15, 10)

/** Three calls of one dollar against a budget of two. */
const replayed = (tiers: PolicyJson["budgets"][number]["tiers"]): ReplayReport => {
  const budget = { id: "key", per: ["apiKey"], limit: { usd: 2 }, window: "hour" as const, tiers }
  const policy = definePolicy({
    budgets: [budget],
    unknownModel: "refuse",
    onStoreUnavailable: "deny",
  })
  const replay = new Replay({ policy })
  const call = { subject: { apiKey: "k1" }, usage: {}, chargeNanoUsd: 1_000_000_000 }
  replay.take([0, 1, 2].map((second) => ({ ...call, atMs: START_MS + 1_000 * second })))
  return replay.report()
}

describe("what a replay says was told", () => {
  it("counts what goes to a channel", () => {
    const report = replayed([
      { at: "50%", notify: ["slack"] },
      { at: "100%", block: true, notify: ["pager"] },
    ])
    expect(report).toMatchObject({ warnings: 1, pages: 1, refused: { calls: 1 } })
    expect(report.toldFirst.map(({ channels }) => channels)).toEqual([["slack"], ["pager"]])
    expect(report.timeline.pages.reduce((sum, one) => sum + one, 0)).toBe(1)
  })

  it("names what goes to none, and counts no warning and no page for it", () => {
    const report = replayed([{ at: "100%", block: true }])
    expect(report).toMatchObject({ warnings: 0, pages: 0, toldFirst: [], refused: { calls: 1 } })
    expect(report.told).toContainEqual(
      expect.objectContaining({ kind: "page", channels: [], count: 1 }),
    )
  })
})
