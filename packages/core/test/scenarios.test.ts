import { readdirSync, readFileSync } from "node:fs"
import { parse } from "jsonc-parser"
import { describe, expect, it } from "vitest"
import { memoryStore } from "../../store-memory/src/index.ts"
import { decodeScenario, type PlayOptions, play, playedMemory, type Scenario } from "../src/lab.ts"

const openMemory = playedMemory(memoryStore)

const folder = new URL("scenarios/", import.meta.url)
const files = readdirSync(folder).filter((name) => name.endsWith(".jsonc"))

const load = (name: string): Scenario => {
  const decoded = decodeScenario(parse(readFileSync(new URL(name, folder), "utf8")))
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems))
  return decoded.scenario
}

const missedIn = async (scenario: Scenario, options: PlayOptions = {}) =>
  (await play(scenario, openMemory, options)).flatMap(({ step, missed }) =>
    missed.map((field) => ({ step, ...field })),
  )

describe("scenarios", () => {
  it("are at least sixty", () => {
    expect(files.length).toBeGreaterThanOrEqual(60)
  })

  it.each(files)("%s", async (name) => {
    expect(await missedIn(load(name))).toEqual([])
  })

  it.each(files.filter((name) => load(name).steps.some(({ verb }) => verb === "parallel")))(
    "%s, whatever the order of what comes at once",
    async (name) => {
      for (let turn = 0; turn < 5; turn += 1) {
        const order: PlayOptions["order"] = (steps) => [
          ...steps.slice(turn % steps.length),
          ...steps.slice(0, turn % steps.length),
        ]
        expect(await missedIn(load(name), { order })).toEqual([])
      }
      expect(await missedIn(load(name), { order: (steps) => [...steps].reverse() })).toEqual([])
    },
  )
})

describe("the player", () => {
  const scenario = (steps: unknown[]) => {
    const decoded = decodeScenario({
      title: "planted",
      policy: {
        budgets: [
          {
            id: "key",
            per: ["apiKey"],
            limit: { usdNano: 10 },
            window: "hour",
            tiers: [{ at: "100%", block: true }],
          },
        ],
        unknownModel: "refuse",
        onStoreUnavailable: "deny",
      },
      start: "2026-01-15T10:00:00Z",
      steps,
    })
    if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems))
    return decoded.scenario
  }
  const reserve = { reserve: "a", subject: { apiKey: "k1" }, amount: { usdNano: 4 } }

  it.each([
    { allowed: false },
    { reason: "busy" },
    { granted: 1 },
    { held: { usdNano: 5 } },
    { settled: { usdNano: 1 } },
    { remaining: { usd: "1" } },
    { events: ["tier key 100%"] },
    { circuit: "open" },
    { withoutStore: true },
    { error: "conflict" },
    { until: "2026-01-15T11:00:00Z" },
    { obstacles: ["key busy"] },
  ])("notices that an expectation is not met: %o", async (expected) => {
    const played = await play(scenario([{ ...reserve, expect: expected }]), openMemory)
    expect(played.map(({ met }) => met)).toEqual([false])
  })

  it("names every problem of a bad file with its path", () => {
    const decoded = decodeScenario({
      title: 1,
      start: "noon",
      policy: {},
      steps: [{}, { reserve: "a", sbject: {} }],
    })
    expect(decoded.ok ? [] : decoded.problems.map(({ path }) => path)).toEqual([
      "title",
      "start",
      "policy.budgets",
      "policy.unknownModel",
      "policy.onStoreUnavailable",
      "steps[0]",
      "steps[1].sbject",
      "steps[1].subject",
    ])
  })
})
