import { describe, expect, it } from "vitest"
import type { DomainEvent } from "../../src/domain/event.ts"
import { eventName } from "../../src/domain/event.ts"
import { definePolicy } from "../../src/index.ts"
import { Run } from "../../src/lab/run.ts"

const START_MS = Date.UTC(2026, 0, 1)
const DAY_MS = 86_400_000
const HAND = { by: "ann", why: "seen" }

const policy = definePolicy({
  budgets: [
    {
      id: "key-hour",
      per: ["apiKey"],
      limit: { usd: 1 },
      window: "hour",
      tiers: [
        { at: "80%", notify: ["slack"] },
        { at: "100%", trip: { coolDown: "10m" }, notify: ["page"] },
      ],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
})

const k1 = { subject: { apiKey: "k1" } }
const cents = (amount: number) => ({ usd: amount * 10_000_000 })

const opened = () => {
  const heard: string[] = []
  const onEvent = (event: DomainEvent): void => {
    heard.push(eventName(event))
  }
  return { heard, run: new Run({ policy, startMs: START_MS, onEvent }) }
}

const spend = (run: Run, amount: number): boolean => {
  const ruling = run.reserve({ ...k1, amounts: cents(amount) })
  if (ruling.allowed) run.settle(ruling, { amounts: cents(amount) })
  return ruling.allowed
}

describe("a run", () => {
  it("lets calls through up to the cap, and tells tiers and circuit in order", () => {
    const { run, heard } = opened()
    expect([spend(run, 80), spend(run, 20), spend(run, 1)]).toEqual([true, true, false])
    expect(heard).toEqual(["tier key-hour 80%", "tier key-hour 100%", "circuit key-hour open"])
  })

  it("moves circuits in virtual time", () => {
    const { run, heard } = opened()
    spend(run, 100)
    run.advance(START_MS + 600_000)
    run.expire()
    expect(heard.at(-1)).toBe("circuit key-hour closed")
  })

  it("goes on after days of silence, on the same ledger", () => {
    const { run } = opened()
    const long = run.reserve({ ...k1, amounts: cents(90), expiresInMs: 6 * DAY_MS })
    run.advance(START_MS + 3 * DAY_MS)
    expect(spend(run, 100)).toBe(true)
    if (!long.allowed) throw new Error("it fits")
    run.advance(START_MS + 5 * DAY_MS)
    run.settle(long, { amounts: cents(90) })
    expect(run.ledger.reservations.get(long.id, "*")?.state).not.toBe("running")
  })

  it("acknowledges what was shown, with a small step more", () => {
    const { run } = opened()
    spend(run, 100)
    const line = run.lineOf("key-hour", k1.subject)
    if (line === null) throw new Error("there is one")
    expect(run.acknowledge(line, HAND, 50_000_000)).toEqual({ kind: "acknowledged" })
    expect(run.view(line)).toMatchObject({ cap: 1_050_000_000, circuit: "closed" })
    expect([spend(run, 5), spend(run, 1)]).toEqual([true, false])
  })

  it("gives back what did not happen", () => {
    const { run } = opened()
    const ruling = run.reserve({ ...k1, amounts: cents(100) })
    if (!ruling.allowed) throw new Error("it fits")
    expect(run.reserve({ ...k1, amounts: cents(1) })).toMatchObject({ reason: "busy" })
    run.release(ruling)
    expect(spend(run, 1)).toBe(true)
  })
})
