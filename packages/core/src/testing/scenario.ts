import type { Policy } from "../domain/policy.ts"
import { parseInstant } from "../edge/instant.ts"
import { decodePolicy } from "../edge/policy.ts"
import { type Problem, shown, under } from "../edge/problem.ts"
import { record } from "./json.ts"
import { type Step, stepsOf } from "./scenarioSteps.ts"

/** A policy test as data: what callers and operators do at virtual times, and what they must see. */
export interface Scenario {
  readonly title: string
  readonly policy: Policy
  readonly startMs: number
  readonly steps: readonly Step[]
}

/** What reading a scenario gives: the scenario, or every problem. */
export type DecodedScenario =
  | { readonly ok: true; readonly scenario: Scenario }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** Reads a scenario file's JSON: all its problems at once, each with its path and the mend. */
export const decodeScenario = (input: unknown): DecodedScenario => {
  const problems: Problem[] = []
  const json = record(input)
  if (json === null)
    return {
      ok: false,
      problems: [{ path: "", message: "it is not an object; write { … } with title and steps" }],
    }
  for (const name of Object.keys(json))
    if (!TOP.includes(name))
      problems.push({
        path: under("", name),
        message: `is not a known field; there are ${TOP.join(", ")}`,
      })
  if (typeof json.title !== "string")
    problems.push({ path: "title", message: "is missing; write a sentence" })
  if (json.why !== undefined && typeof json.why !== "string")
    problems.push({ path: "why", message: `${shown(json.why)} is not a text` })
  const startMs = typeof json.start === "string" ? parseInstant(json.start) : undefined
  if (startMs === undefined)
    problems.push({
      path: "start",
      message: `${shown(json.start)} is not an instant; write e.g. "2026-01-15T10:20:00Z"`,
    })
  const policyOf = (value: unknown, path: string): Policy | null =>
    readPolicy(value, path, problems)
  const policy = policyOf(json.policy, "policy")
  const clock = { atMs: startMs ?? 0, startMs: startMs ?? 0 }
  const steps = stepsOf(json.steps, "steps", { ...clock, problems, policyOf })
  if (policy === null || problems.length > 0) return { ok: false, problems }
  return {
    ok: true,
    scenario: { title: String(json.title), policy, startMs: clock.startMs, steps },
  }
}

const TOP = ["title", "why", "policy", "start", "steps", "$schema"]

const readPolicy = (input: unknown, path: string, problems: Problem[]): Policy | null => {
  const decoded = decodePolicy(input)
  if (decoded.ok) return decoded.policy
  for (const problem of decoded.problems)
    problems.push({
      path: problem.path === "" ? path : `${path}.${problem.path}`,
      message: problem.message,
    })
  return null
}
