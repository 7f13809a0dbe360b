import type { Policy } from "../domain/policy.ts"
import { offsetOrInstant } from "../edge/instant.ts"
import { type Problem, under } from "../edge/problem.ts"
import { type Json, record } from "./json.ts"
import {
  EXPECTED,
  EXPECTED_OF_PARALLEL,
  FIELDS,
  type Kind,
  REQUIRED,
  text,
  time,
  VERBS,
  type Verb,
} from "./scenarioFields.ts"

/** One step of a scenario, checked; `json` is the step as it is in the file. */
export interface Step {
  readonly index: number
  readonly verb: Verb
  readonly json: Json
  /** Epoch milliseconds: the store's clock. */
  readonly atMs: number
  /** Epoch milliseconds: the instant that chooses the periods. */
  readonly issuedAtMs: number
  readonly expect: Json | null
  /** Only of `parallel`. */
  readonly steps: readonly Step[]
  /** Only of `policy`. */
  readonly policy: Policy | null
}

/** What reading steps needs: the clock as the steps before left it, where problems go, how policies are read. */
export interface StepsReader {
  atMs: number
  readonly startMs: number
  readonly problems: Problem[]
  readonly policyOf: (input: unknown, path: string) => Policy | null
}

export const stepsOf = (input: unknown, path: string, reader: StepsReader): readonly Step[] => {
  if (Array.isArray(input))
    return input.flatMap((value, index) => stepOf(value, index, under(path, index), reader) ?? [])
  reader.problems.push({
    path,
    message: "is not a list of steps; write [ { … }, … ]",
  })
  return []
}

const stepOf = (input: unknown, index: number, path: string, reader: StepsReader): Step | null => {
  const json = record(input)
  const verb = json === null ? undefined : VERBS.find((word) => Object.hasOwn(json, word))
  if (json === null || verb === undefined) {
    reader.problems.push({
      path,
      message: `does nothing known; a step has one of ${VERBS.join(", ")}`,
    })
    return null
  }
  checkFields(json, verb, path, reader)
  reader.atMs = instantOf(json.at, reader.startMs, reader.atMs)
  const atMs = reader.atMs
  return {
    index,
    verb,
    json,
    atMs,
    issuedAtMs: instantOf(json.issuedAt, atMs, atMs),
    expect: record(json.expect),
    steps: verb === "parallel" ? parallelOf(json.parallel, under(path, "parallel"), reader) : [],
    policy: verb === "policy" ? reader.policyOf(json.policy, under(path, "policy")) : null,
  }
}

const EVERY: Readonly<Record<string, Kind>> = { at: time, issuedAt: time, why: text }

const checkFields = (json: Json, verb: Verb, path: string, { problems }: StepsReader): void => {
  const known = { ...FIELDS[verb], ...EVERY }
  const add = (name: string, message: string) => problems.push({ path: under(path, name), message })
  for (const [name, value] of Object.entries(json)) {
    if (name === "expect") {
      checkExpect(value, verb, under(path, "expect"), problems)
      continue
    }
    const kind = Object.hasOwn(known, name) ? known[name] : undefined
    const problem =
      kind === undefined
        ? `is not a field of \`${verb}\`; there are ${[...Object.keys(known), "expect"].join(", ")}`
        : kind.problem(value)
    if (problem !== null) add(name, problem)
  }
  for (const name of REQUIRED[verb] ?? [])
    if (!Object.hasOwn(json, name)) add(name, `is missing; \`${verb}\` needs it`)
}

const checkExpect = (input: unknown, verb: Verb, path: string, problems: Problem[]): void => {
  const json = record(input)
  if (json === null) {
    problems.push({ path, message: 'is not an object; write e.g. { "allowed": true }' })
    return
  }
  const ofParallel = (name: string): boolean => EXPECTED_OF_PARALLEL.includes(name)
  const known = Object.keys(EXPECTED).filter((name) =>
    verb === "parallel" ? ofParallel(name) : name !== "refused" && name !== "errors",
  )
  for (const [name, value] of Object.entries(json)) {
    const problem = known.includes(name)
      ? (EXPECTED[name]?.problem(value) ?? null)
      : `is not known here; there are ${known.join(", ")}`
    if (problem !== null) problems.push({ path: under(path, name), message: problem })
  }
}

const NOT_PARALLEL: readonly Verb[] = ["parallel", "restart", "store", "policy"]

const parallelOf = (input: unknown, path: string, reader: StepsReader): readonly Step[] => {
  const inner = stepsOf(input, path, reader)
  for (const step of inner) {
    const at = under(path, step.index)
    if (NOT_PARALLEL.includes(step.verb))
      reader.problems.push({ path: at, message: `\`${step.verb}\` cannot be one of many at once` })
    if (step.json.expect !== undefined)
      reader.problems.push({
        path: under(at, "expect"),
        message: "belongs to the whole block; write it beside `parallel`",
      })
  }
  return inner
}

const instantOf = (input: unknown, fromMs: number, otherwiseMs: number): number =>
  (typeof input === "string" ? offsetOrInstant(input, fromMs) : undefined) ?? otherwiseMs
