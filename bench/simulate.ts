import type { Command } from "@spendfuse/core/domain"
import { apply, emptyLedger } from "@spendfuse/core/domain"
import { decodeFleet, type Fleet, type FleetJson, simulate } from "@spendfuse/core/lab"
import { median, type Ratio } from "./rounds.ts"

const ROUNDS = 3
const DECISIONS = 1_000_000

/**
 * Time of a million simulated decisions over the pure step's own time for their commands, by turns. The fleet is one
 * that is refused now and then; its commands are recorded once, and the step gets the very same ones.
 */
export const simulateRatios = (): readonly Ratio[] => {
  const fleet = fleetOf()
  const commands: { readonly command: Command; readonly atMs: number }[] = []
  let decisions = 0
  play(fleet, (command, atMs) => {
    commands.push({ command, atMs })
    if (command.kind === "reserve") decisions += 1
  })
  if (decisions < DECISIONS) throw new Error(`the fleet asked for ${decisions} decisions only`)
  const ratios: number[] = []
  for (let round = -1; round < ROUNDS; round += 1) {
    const startMs = performance.now()
    play(fleet)
    const middleMs = performance.now()
    const ledger = emptyLedger()
    for (const { command, atMs } of commands) apply(ledger, command, atMs)
    const endMs = performance.now()
    if (round >= 0) ratios.push((middleMs - startMs) / (endMs - middleMs))
  }
  return [median({ name: "simulate-vs-step", goal: 20, better: "lower" }, ratios)]
}

const play = (fleet: Fleet, onApplied?: (command: Command, atMs: number) => void): void => {
  const options = { ways: ["spendfuse"], callsMax: 2 * DECISIONS } as const
  const { ways } = simulate(fleet, onApplied === undefined ? options : { ...options, onApplied })
  if ((ways[0]?.refused ?? 0) === 0) throw new Error("the fleet was refused nothing")
}

const fleetOf = (): Fleet => {
  const decoded = decodeFleet(FLEET)
  if (!decoded.ok) throw new Error(decoded.problems.map(({ message }) => message).join("\n"))
  return decoded.fleet
}

const FLEET: FleetJson = {
  title: "a busy day",
  start: "2026-01-15T00:00:00Z",
  lasts: "24h",
  hosts: 4,
  policy: {
    budgets: [
      {
        id: "key-hour",
        per: ["apiKey"],
        limit: { usd: 20 },
        window: "hour",
        tiers: [
          { at: "80%", notify: ["slack"] },
          { at: "100%", trip: { coolDown: "10m" }, notify: ["pagerDuty"] },
        ],
      },
      {
        id: "org-day",
        per: ["org"],
        limit: { usd: 5_000 },
        window: "day",
        tiers: [{ at: "200%", latch: true, notify: ["pagerDuty"] }],
      },
    ],
    unknownModel: "refuse",
    onStoreUnavailable: "deny",
  },
  models: { "model-a": { input: 3, output: 15, maxOutput: 8_000 } },
  actors: [
    {
      name: "people",
      kind: "human",
      count: 1_000,
      subject: { apiKey: "app-{n}", org: "acme" },
      model: "model-a",
      input: [200, 2_000],
      output: [50, 200, 900],
      limit: 1_000,
      takes: ["1s", "20s"],
      every: "2m",
    },
    {
      name: "agents",
      kind: "agent",
      count: 100,
      subject: { apiKey: "agent-{n}", org: "acme" },
      model: "model-a",
      input: [500, 2_000],
      output: [100, 400, 2_000],
      limit: 4_000,
      takes: ["2s", "30s"],
      every: "10m",
      turns: [2, 6, 20],
      grows: 600,
      spawns: { share: "5%", count: 2, depth: 2 },
    },
    {
      name: "runaway",
      kind: "loop",
      subject: { apiKey: "job", org: "acme" },
      model: "model-a",
      input: [2_000, 4_000],
      output: [1_000, 3_000],
      limit: 4_000,
      takes: ["5s", "20s"],
      parallel: 20,
      retryAfter: "10s",
    },
  ],
}
