import type { ActorJson, FleetJson, Way, WayReport } from "../../../src/lab.ts"
import { decodeFleet, simulate } from "../../../src/lab.ts"

/** Every call costs one dollar: 900,000 tokens in, 100,000 out, at a dollar per million. */
export const call = {
  subject: { apiKey: "k" },
  model: "m",
  input: 900_000,
  output: 100_000,
  limit: 100_000,
  takes: "1m",
} satisfies Partial<ActorJson>

/** What is said otherwise; of the one actor its own fields. */
export type Changes = Partial<Omit<FleetJson, "actors">> & { readonly actor?: Partial<ActorJson> }

/** Twenty such calls at once under a budget of five dollars a day. */
export const fleetJson = ({ actor = {}, ...changes }: Changes = {}): FleetJson => ({
  title: "a fleet",
  start: "2026-01-15T06:00:00Z",
  lasts: "3h",
  policy: {
    budgets: [
      {
        id: "key-day",
        per: ["apiKey"],
        limit: { usd: 5 },
        window: "day",
        tiers: [{ at: "100%", block: true, notify: ["pagerDuty"] }],
      },
    ],
    unknownModel: "refuse",
    onStoreUnavailable: "deny",
  },
  models: { m: { input: 1, output: 1, maxOutput: 400_000 } },
  actors: [
    { name: "job", kind: "batch", items: 20, parallel: 20, refused: "skip", ...call, ...actor },
  ],
  ...changes,
})

/** What became of it under one way. */
export const played = (way: Way, changes: Changes = {}): WayReport => {
  const decoded = decodeFleet(fleetJson(changes))
  if (!decoded.ok)
    throw new Error(decoded.problems.map(({ path, message }) => `${path} ${message}`).join("\n"))
  const [report] = simulate(decoded.fleet, { ways: [way] }).ways
  if (report === undefined) throw new Error("it was not played")
  return report
}

/** By the provider's bill. */
export const dollars = ({ billedNanoUsd }: WayReport): number => billedNanoUsd / 1e9

/** One call after the other. */
export const one = { actor: { parallel: 1 } }
