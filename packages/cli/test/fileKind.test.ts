import { describe, expect, it } from "vitest"
import { POLICY, run, scenario } from "./fakeIo.ts"
import { fleetOf } from "./simulate/fleets.ts"

const FILES = {
  "policy.json": POLICY,
  "fleet.json": fleetOf(),
  "scenario.json": scenario(),
  "log.csv": "time,apiKey,usd\n",
}
const FLEET_FOR_POLICY =
  "fleet.json:1:1: it is a fleet, not a policy; play it with `spendfuse simulate fleet.json`, or give what it has under `policy` in a file of its own\n"
const SCENARIO_FOR_POLICY = FLEET_FOR_POLICY.replaceAll("fleet", "scenario").replace(
  "simulate",
  "play",
)

describe("a file of another kind", () => {
  it.each([
    [["explain", "fleet.json"], FLEET_FOR_POLICY],
    [["explain", "scenario.json"], SCENARIO_FOR_POLICY],
    [["replay", "log.csv", "--policy", "fleet.json"], FLEET_FOR_POLICY],
    [["doctor", "--policy", "fleet.json"], FLEET_FOR_POLICY],
    [
      ["simulate", "policy.json"],
      "policy.json:1:1: it is a policy, not a fleet; put it under `policy` of a fleet\n",
    ],
    [
      ["simulate", "scenario.json"],
      "scenario.json:1:1: it is a scenario, not a fleet; play it with `spendfuse play scenario.json`\n",
    ],
    [
      ["play", "policy.json"],
      "policy.json:1:1: it is a policy, not a scenario; put it under `policy` of a scenario\n",
    ],
    [
      ["play", "fleet.json"],
      "fleet.json:1:1: it is a fleet, not a scenario; play it with `spendfuse simulate fleet.json`\n",
    ],
  ])("is refused in one line: %j", async (argv, message) => {
    expect(await run(argv, FILES)).toEqual({ code: 2, out: "", err: message })
  })

  it("is not told of a file that has the field of its own kind, nor of one that has none", async () => {
    const both = `{ "steps": [], ${POLICY.trim().slice(1)}`
    const { err } = await run(["explain", "p.json"], { "p.json": both })
    expect(err).toMatch(/^p\.json:1:3: steps: is not a known field; remove it\n$/)
    const none = await run(["explain", "p.json"], { "p.json": "[]" })
    expect(none.err).toMatch(/is not an object/)
  })
})
