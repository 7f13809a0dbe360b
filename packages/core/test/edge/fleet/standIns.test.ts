import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { FleetJson } from "../../../src/edge/fleet/fleetJson.ts"
import { decodeFleet } from "../../../src/edge/fleet/readFleet.ts"

const common = { subject: { apiKey: "k{n}", org: "o" }, input: [100, 900], output: 50, takes: "2s" }
/** With something of every part that a fleet may have. */
const fleet = {
  title: "a fleet",
  start: "2026-01-15T06:00:00Z",
  lasts: "2h",
  hosts: 3,
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
  models: {
    big: {
      input: 3,
      output: 15,
      maxOutput: 8_000,
      above: { tokens: 200_000, input: 6, output: 30 },
      later: [{ at: "1h", input: 6, output: 30 }],
      listed: { input: 3, output: 15 },
    },
    n: { input: 1, output: 5, counted: "free" },
  },
  actors: [
    { ...common, name: "people", kind: "human", model: "big", every: "3m" },
    {
      ...common,
      name: "agents",
      kind: "agent",
      model: "n",
      limit: 500,
      turns: [3, 6],
      subject: { apiKey: "k", session: "s-{task}" },
      spawns: { share: "10%", count: 3, depth: 2 },
      fails: { share: "1%", retries: 2, after: "1s", bills: "input" },
    },
  ],
  faults: [{ kind: "host-crash", host: 3, at: "1h", lasts: "5m" }],
  people: { answerIn: "5m", stop: ["people"] },
  alert: { usd: 5 },
  counter: { delay: "1m", perHost: true },
  expect: { spentAtMost: 5, refusedAtMost: { agents: "5%" } },
} as unknown as FleetJson

const RUNS = Number(process.env.LAW_RUNS ?? 300)
const SEED = Number(process.env.LAW_SEED ?? 20_260_115)

type Path = readonly (string | number)[]
type Json = Record<string | number, unknown>

const problemsOf = (
  json: unknown,
): readonly { readonly path: string; readonly message: string }[] => {
  const decoded = decodeFleet(json)
  return decoded.ok ? [] : decoded.problems
}
/** The fleet with other values at some places. */
const changed = (...changes: readonly (readonly [Path, unknown])[]): unknown => {
  const json = JSON.parse(JSON.stringify(fleet)) as Json
  for (const [path, value] of changes) {
    const last = path.at(-1) ?? ""
    const parent = path.slice(0, -1).reduce<Json>((inner, part) => inner[part] as Json, json)
    parent[last] = value
  }
  return json
}
/** Every place of the fleet beside its policy. */
const placesOf = (value: unknown, at: Path = []): readonly Path[] =>
  typeof value !== "object" || value === null
    ? []
    : Object.keys(value).flatMap((key) => {
        const part = Array.isArray(value) ? Number(key) : key
        const path = [...at, part]
        return part === "policy" ? [] : [path, ...placesOf((value as Json)[part], path)]
      })
const textOf = (path: Path): string =>
  path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${part}`))
    .join("")
    .slice(1)
const isBeside = (one: string, other: string): boolean =>
  !one.startsWith(other) && !other.startsWith(one)

describe("a fleet of which a part has no form", () => {
  it("is sound else", () => {
    expect(problemsOf(fleet)).toEqual([])
    expect(placesOf(fleet).length).toBeGreaterThan(70)
  })

  it("tells nothing that only comes of that part, whichever it is", () => {
    for (const place of placesOf(fleet)) {
      const path = textOf(place)
      const problems = problemsOf(changed([place, null]))
      expect([path, problems.length]).not.toEqual([path, 0])
      expect([path, problems.filter((problem) => isBeside(problem.path, path))]).toEqual([path, []])
    }
  })

  it("tells nothing that only comes of a field that nobody knows", () => {
    const objects = placesOf(fleet).filter((place) => {
      const value = place.reduce<unknown>((inner, part) => (inner as Json)[part], fleet)
      return typeof value === "object" && !Array.isArray(value)
    })
    const closed = objects.filter((place) => !/models$|subject$|refusedAtMost$/.test(textOf(place)))
    expect(closed.length).toBeGreaterThan(12)
    for (const place of closed) {
      const [problem, ...more] = problemsOf(changed([[...place, "xyzzy"], 1]))
      expect(more).toEqual([])
      expect(problem?.message).toMatch(/is not a known field|is not a/)
    }
  })

  const formFaults: readonly Path[] = [
    ["title"],
    ["lasts"],
    ["models", "big", "listed"],
    ["actors", 0, "input"],
    ["actors", 1, "takes"],
    ["actors", 1, "fails", "bills"],
    ["faults", 0, "host"],
    ["people", "answerIn"],
    ["counter", "delay"],
    ["expect", "spentAtMost"],
  ]
  const senseFaults: readonly (readonly [Path, unknown])[] = [
    [["start"], "yesterday"],
    [["models", "big", "maxOutput"], 0],
    [["models", "n", "input"], -1],
    [["actors", 0, "every"], "soon"],
    [["actors", 0, "model"], "o"],
    [
      ["actors", 1, "turns"],
      [6, 3],
    ],
    [["actors", 1, "subject"], { org: "o" }],
    [["people", "stop", 0], "nobody"],
    [["counter", "resetsLate"], "late"],
    [["expect", "refusedAtMost", "agents"], "130%"],
  ]

  it.each(formFaults.map((path) => [textOf(path), path] as const))(
    "tells the faults of sense of all other parts: %s",
    (path, place) => {
      const problems = problemsOf(changed([place, null], ...senseFaults)).map((one) => one.path)
      expect(problems).toEqual(
        expect.arrayContaining([path, ...senseFaults.map(([sense]) => textOf(sense))]),
      )
    },
  )

  it("tells them each once, those of form first", () => {
    const problems = problemsOf(
      changed([["actors", 0, "paralel"], 3], [["hosts"], 2], [["actors", 1, "count"], 0]),
    )
    expect(problems.map(({ path, message }) => `${path}: ${message}`)).toEqual([
      "actors[0].paralel: is not a known field; did you mean `parallel`?",
      "actors[1].count: `0` is not an integer from 1 to 100000",
      "faults[0].host: `3` is not an integer from 1 to 2",
    ])
  })

  it("never crashes, whatever stands at any two places", () => {
    const change = fc.tuple(fc.constantFrom(...placesOf(fleet)), fc.jsonValue())
    fc.assert(
      fc.property(change, change, (one, other) => {
        // What the first has put there may have no place for the second.
        if (!isBeside(textOf(one[0]), textOf(other[0]))) return
        for (const { message } of problemsOf(changed(one, other)))
          expect(message).toMatch(/^[^\n\r]{4,}$/)
      }),
      { seed: SEED, numRuns: RUNS },
    )
  })

  it("tells those of the policy as well", () => {
    const problems = problemsOf(changed([["policy", "unknownModel"], "shrug"], [["title"], 1]))
    expect(problems.map(({ path }) => path)).toEqual(["title", "policy.unknownModel"])
  })
})
