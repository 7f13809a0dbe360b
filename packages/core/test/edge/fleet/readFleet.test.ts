import { describe, expect, it } from "vitest"
import type { FleetJson } from "../../../src/edge/fleet/fleetJson.ts"
import { decodeFleet } from "../../../src/edge/fleet/readFleet.ts"

const actor: FleetJson["actors"][number] = {
  name: "people",
  kind: "human",
  subject: { apiKey: "k{n}" },
  model: "m",
  input: [100, 900],
  output: 50,
  takes: "2s",
  every: "3m",
}
const fleet: FleetJson = {
  title: "a fleet",
  start: "2026-01-15T06:00:00Z",
  lasts: "2h",
  policy: {
    budgets: [
      {
        id: "key-hour",
        per: ["apiKey"],
        limit: { usd: 5 },
        window: "hour",
        tiers: [{ at: "100%", block: true }],
      },
    ],
    unknownModel: "refuse",
    onStoreUnavailable: "deny",
  },
  models: { m: { input: 3, output: 15, maxOutput: 8_000 } },
  actors: [actor],
}

const problemsOf = (json: unknown): readonly string[] => {
  const decoded = decodeFleet(json)
  return decoded.ok ? [] : decoded.problems.map(({ path, message }) => `${path}: ${message}`)
}
/** As a file may say it, whatever the types permit. */
const changed = (change: (json: Record<string, unknown>) => void): unknown => {
  const json = JSON.parse(JSON.stringify(fleet)) as Record<string, unknown>
  change(json)
  return json
}
const withActor = (more: object): unknown => ({ ...fleet, actors: [{ ...actor, ...more }] })

describe("a fleet file", () => {
  it("is read with its defaults", () => {
    const decoded = decodeFleet(fleet)
    if (!decoded.ok) throw new Error(problemsOf(fleet).join("\n"))
    const { startMs, endMs, hosts, actors, counter, people, models } = decoded.fleet
    expect(new Date(startMs).toISOString()).toBe("2026-01-15T06:00:00.000Z")
    expect(endMs - startMs).toBe(7_200_000)
    expect([hosts, people]).toEqual([1, null])
    expect(actors[0]).toMatchObject({
      count: 1,
      isWanted: true,
      refused: "skip",
      limit: null,
      fromMs: startMs,
      untilMs: endMs,
      input: { least: 100, median: 500, most: 900 },
      output: { least: 50, median: 50, most: 50 },
      pace: { kind: "human", everyMs: 180_000 },
    })
    expect(counter).toMatchObject({ delayMs: 0, perHost: false, storeDown: "allow" })
    const model = models.get("m")
    expect(model?.listed).toBe(model?.billed)
    expect(model?.billed[0]?.rates.components.inputTokens?.base).toBe(3_000_000_000)
  })

  it("tells loops and leaked keys from calls that somebody wants", () => {
    for (const kind of ["loop", "leaked-key"] as const) {
      const { every: _, ...rest } = actor
      const decoded = decodeFleet({ ...fleet, actors: [{ ...rest, kind }] })
      expect(decoded).toMatchObject({ ok: true, fleet: { actors: [{ isWanted: false }] } })
    }
  })

  it("says all its problems at once, each with its path, the value and the mend", () => {
    const bad = changed((json) => {
      json.start = "yesterday"
      json.hosts = 0
      json.policy = { ...fleet.policy, unknownModel: "shrug" }
      json.actors = [
        { ...actor, model: "n", every: undefined, input: [900, 100], cancels: { share: "130%" } },
        { ...actor, turns: 3 },
      ]
      json.faults = [{ kind: "host-crash", host: 2, at: "1h", lasts: "5m" }]
      json.expect = { refusedAtMost: { nobody: "1%" } }
    })
    expect(problemsOf(JSON.parse(JSON.stringify(bad)))).toEqual([
      'policy.unknownModel: `"shrug"` is not known; write "refuse", "count-tokens-only" or { "price": { "inputUsd": 5, "outputUsd": 25 } }',
      'start: `"yesterday"` is not an instant; write e.g. "2026-01-15T06:00:00Z"',
      'actors[0].every: is missing, and kind `"human"` needs it; add e.g. "every": "3m"',
      'actors[0].model: `"n"` is no model of `models`; write one of `"m"`',
      "actors[0].input: this list is not one to three rising values; write e.g. [100, 900] or [100, 300, 4000]",
      'actors[0].cancels.share: `"130%"` is more than all; write at most "100%"',
      'actors[1].turns: is no field of kind `"human"`; remove it, or write another kind',
      'actors[1].name: `"people"` is the name of another actor; give each its own',
      "hosts: `0` is not an integer from 1 to 100",
      "faults[0].host: `2` is not an integer from 1 to 1",
      'expect.refusedAtMost.nobody: `"nobody"` is no actor; write one of `"people"`',
    ])
  })

  it.each<[string, unknown, string]>([
    ["no object", [], ": it is not an object; write { … } with title and actors"],
    [
      "no policy",
      changed((json) => delete json.policy),
      'policy: is missing; add e.g. "policy": { "budgets": [ … ] }',
    ],
    ["no start", changed((json) => delete json.start), 'start: is missing; add e.g. "start": …'],
    [
      "nobody in it",
      { ...fleet, actors: [] },
      "actors: there are none; write at least one who makes calls",
    ],
    [
      "a word that is none",
      withActor({ kind: "robot" }),
      'actors[0].kind: `"robot"` is not known; write "human", "agent", "batch", "loop" or "leaked-key"',
    ],
    [
      "a misspelt field",
      withActor({ paralel: 3 }),
      "actors[0].paralel: is not a known field; did you mean `parallel`?",
    ],
    [
      "a payer who lacks what a budget counts by",
      withActor({ subject: { apikey: "k" } }),
      'actors[0].subject: lacks `"apiKey"`, which budget `"key-hour"` counts by: every call would be refused; name it, or give the budget "whenMissing": "skip"',
    ],
    [
      "a placeholder that nothing fills in",
      withActor({ subject: { apiKey: "k{n}", session: "s-{x}" } }),
      'actors[0].subject.session: `{x}` is filled in by nothing for kind `"human"`; write `{n}`, or `{{x}}` for the text itself',
    ],
    [
      "a task of somebody who has none",
      withActor({ subject: { apiKey: "k", session: "{task}" } }),
      'actors[0].subject.session: `{task}` is filled in by nothing for kind `"human"`; write `{n}`, or `{{task}}` for the text itself',
    ],
    [
      "a misspelt placeholder of an agent",
      withActor({ kind: "agent", turns: 3, subject: { apiKey: "{N}-{task}" } }),
      'actors[0].subject.apiKey: `{N}` is filled in by nothing for kind `"agent"`; write `{n}` or `{task}`, or `{{N}}` for the text itself',
    ],
    [
      "calls that nothing bounds",
      { ...fleet, models: { m: { input: 3, output: 15 } } },
      "actors[0].limit: is missing, and nothing else bounds the output; add it, or `maxOutput` of the model, or `maxOutputTokens` of the policy",
    ],
    [
      "a negative offset",
      withActor({ from: "-5m" }),
      'actors[0].from: `"-5m"` is not a duration above 0; write e.g. "1h30m"',
    ],
  ])("is refused: %s", (_, json, problem) => {
    expect(problemsOf(json)).toContain(problem)
  })

  it("takes models that cost nothing, by each word, but no budget of nothing", () => {
    const free = { input: 0, output: "0.00" }
    const models: FleetJson["models"] = {
      m: { ...free, above: { tokens: 9, ...free }, listed: free, counted: free, maxOutput: 8_000 },
    }
    const decoded = decodeFleet({ ...fleet, models })
    if (!decoded.ok) throw new Error("it is not read")
    const { billed, listed, counted } = decoded.fleet.models.get("m") ?? {}
    const rate = { base: 0, tiers: [] }
    expect(billed?.[0]?.rates.components).toEqual({
      inputTokens: { base: 0, tiers: [{ above: 9, rate: 0 }] },
      outputTokens: { base: 0, tiers: [{ above: 9, rate: 0 }] },
    })
    for (const [dated] of [listed ?? [], counted ?? []])
      expect(dated?.rates.components).toEqual({ inputTokens: rate, outputTokens: rate })
    const budgets = [{ ...fleet.policy.budgets[0], limit: { usd: 0 } }]
    expect(problemsOf({ ...fleet, models, policy: { ...fleet.policy, budgets } })).toEqual([
      "policy.budgets[0].limit.usd: `0` is not above 0; write an amount above 0",
    ])
    const negative = { m: { input: -1, output: "", maxOutput: 8_000 } }
    expect(problemsOf({ ...fleet, models: negative })).toEqual([
      'models.m.input: `-1` is not USD with at most nine decimals; write e.g. 50 or "0.25"',
      'models.m.output: `""` is not USD with at most nine decimals; write e.g. 50 or "0.25"',
    ])
  })

  it("takes prices that change, and lists that do not know it", () => {
    const models: FleetJson["models"] = {
      m: {
        input: 3,
        output: 15,
        later: [{ at: "1h", input: 6, output: 30 }],
        listed: { input: 3, output: 15 },
        counted: "free",
        maxOutput: 8_000,
      },
    }
    const decoded = decodeFleet({ ...fleet, models })
    if (!decoded.ok) throw new Error("it is not read")
    const model = decoded.fleet.models.get("m")
    expect(model?.billed.map(({ fromMs }) => fromMs)).toEqual([
      Number.NEGATIVE_INFINITY,
      decoded.fleet.startMs + 3_600_000,
    ])
    expect(model?.listed).toHaveLength(1)
    expect(model?.counted).toEqual([])
  })
})
