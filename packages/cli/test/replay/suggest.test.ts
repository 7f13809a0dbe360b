import { describe, expect, it } from "vitest"
import { run } from "../fakeIo.ts"

const HOUR_MS = 3_600_000
const START_MS = Date.UTC(2026, 0, 5)

/** Four weeks of two keys: an hour costs $1, Mondays at nine $4, and one night a loop burns $900. */
const month = (): string => {
  const lines = ["time,apiKey,usd"]
  for (let hour = 0; hour < 24 * 28; hour += 1) {
    const at = new Date(START_MS + hour * HOUR_MS).toISOString()
    const usd = hour % 168 === 9 ? 4 : 1
    for (const key of ["a", "b"])
      for (let call = 0; call < 4; call += 1) lines.push(`${at},${key},${usd / 4}`)
    if (hour === 200) for (let call = 0; call < 9; call += 1) lines.push(`${at},b,100`)
  }
  return `${lines.join("\n")}\n`
}

describe("spendfuse suggest", () => {
  const files = { "log.csv": month() }

  it("prints a policy that `explain` accepts, and compares three on the standard error", async () => {
    const { code, out, err } = await run(["suggest", "log.csv"], files)
    expect(code).toBe(0)
    expect(err).toMatch(/usual +│ \$900\.00 in 9 calls, 0\.17 %/)
    const explained = await run(["explain", "--json", "p.json"], { "p.json": out })
    expect(explained.code).toBe(0)
    expect(JSON.parse(explained.out).budgets).toHaveLength(4)
  })

  it("sees the busiest hour of the week, and not the loop", async () => {
    const { out } = await run(["suggest", "log.csv", "--json"], files)
    const { proposals } = JSON.parse(out)
    const usual = proposals.find(({ tightness }: { tightness: string }) => tightness === "usual")
    const limits = Object.fromEntries(
      usual.policy.budgets.map(({ id, limit }: { id: string; limit: { usd: string } }) => [
        id,
        Number(limit.usd),
      ]),
    )
    expect(limits["apiKey-hour"]).toBeGreaterThanOrEqual(6)
    expect(limits["apiKey-hour"]).toBeLessThan(6.2)
    expect(limits["apiKey-day"]).toBeLessThan(200)
    expect(usual.why.join("\n")).toContain("busiest hour of the week Monday 09:00 UTC")
    expect(usual.refused.calls).toBe(9)
    expect(usual.worstBills[0].perDay).toBeLessThan(900e9)
  })

  it("says what it lacks", async () => {
    const log = { "log.csv": "time,apiKey,inputTokens\n2026-01-15T10:00:00Z,k,5\n" }
    const { code, err } = await run(["suggest", "log.csv"], log)
    expect(code).toBe(2)
    expect(err).toContain("1 row without a price; name the model with --set model=NAME")
    expect((await run(["suggest", "log.csv", "--choose", "x"], log)).err).toContain("tight, usual")
  })
})
