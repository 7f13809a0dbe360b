import type { Policy } from "../domain/policy.ts"
import { parseDuration } from "../domain/time.ts"
import { decodePolicy } from "../edge/policy.ts"
import { type Problem, shown, under } from "../edge/problem.ts"

type Json = Readonly<Record<string, unknown>>

/** A policy test as data: what callers and operators do at virtual times, and what they must see. */
export interface Scenario {
  readonly title: string
  readonly policy: Policy
  readonly startMs: number
  readonly steps: readonly Step[]
}

/** What a step does; the word is also its field in the file. */
export const VERBS = [
  "reserve",
  "extend",
  "settle",
  "release",
  "charge",
  "acknowledge",
  "trip",
  "adjust",
  "switch",
  "expire",
  "account",
  "policy",
  "parallel",
  "restart",
  "store",
] as const

export type Verb = (typeof VERBS)[number]

export interface Step {
  readonly index: number
  readonly verb: Verb
  /** The step as it is in the file. */
  readonly json: Json
  readonly atMs: number
  readonly issuedAtMs: number
  readonly expect: Json | null
  /** Only of `parallel`. */
  readonly steps: readonly Step[]
  /** Only of `policy`. */
  readonly policy: Policy | null
}

export type DecodedScenario =
  | { readonly ok: true; readonly scenario: Scenario }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** Reads a scenario file's JSON: all its problems at once, with paths. */
export const decodeScenario = (input: unknown): DecodedScenario => {
  const problems: Problem[] = []
  const json = record(input)
  if (json === null) return { ok: false, problems: [{ path: "", message: "it is not an object" }] }
  for (const name of Object.keys(json))
    if (!TOP.includes(name))
      problems.push({
        path: under("", name),
        message: `is not a known field; there are ${TOP.join(", ")}`,
      })
  if (typeof json.title !== "string")
    problems.push({ path: "title", message: "is missing; write a sentence" })
  const startMs = typeof json.start === "string" ? Date.parse(json.start) : Number.NaN
  if (!Number.isFinite(startMs))
    problems.push({
      path: "start",
      message: `${shown(json.start)} is not an instant; write e.g. "2026-01-15T10:20:00Z"`,
    })
  const policy = policyOf(json.policy, "policy", problems)
  const steps = stepsOf(json.steps, "steps", { atMs: startMs, startMs }, problems)
  if (policy === null || problems.length > 0) return { ok: false, problems }
  return { ok: true, scenario: { title: String(json.title), policy, startMs, steps } }
}

const TOP = ["title", "why", "policy", "start", "steps", "$schema"]
const EVERY = ["at", "issuedAt", "expect", "why"]

const FIELDS: Readonly<Record<Verb, readonly string[]>> = {
  reserve: ["subject", "amount", "units", "model", "provider", "via", "expiresIn"],
  extend: ["amount", "units", "expiresIn", "id"],
  settle: ["actual", "final", "seq"],
  release: [],
  charge: ["subject", "amount"],
  acknowledge: ["by", "id", "upTo", "generation", "allow"],
  trip: ["by", "id", "coolDown"],
  adjust: ["by", "id", "amount", "period"],
  switch: ["by", "id", "state", "until"],
  expire: [],
  account: ["asOf"],
  policy: [],
  parallel: [],
  restart: [],
  store: [],
}

const EXPECTED = [
  "allowed",
  "refused",
  "errors",
  "reason",
  "obstacles",
  "until",
  "granted",
  "remaining",
  "settled",
  "held",
  "events",
  "circuit",
  "withoutStore",
  "error",
]

interface Clock {
  atMs: number
  readonly startMs: number
}

const stepsOf = (
  input: unknown,
  path: string,
  clock: Clock,
  problems: Problem[],
): readonly Step[] => {
  if (!Array.isArray(input)) {
    problems.push({ path, message: "is not a list of steps" })
    return []
  }
  return input.flatMap(
    (value, index) => stepOf(value, index, under(path, index), clock, problems) ?? [],
  )
}

const stepOf = (
  input: unknown,
  index: number,
  path: string,
  clock: Clock,
  problems: Problem[],
): Step | null => {
  const json = record(input)
  const verbs = json === null ? [] : verbsOf(json)
  const [verb] = verbs
  if (json === null || verb === undefined) {
    problems.push({ path, message: `does nothing known; a step has one of ${VERBS.join(", ")}` })
    return null
  }
  const known = [verb, ...EVERY, ...FIELDS[verb]]
  for (const name of Object.keys(json))
    if (!known.includes(name))
      problems.push({
        path: under(path, name),
        message: `is not a field of \`${verb}\`; there are ${known.join(", ")}`,
      })
  const expect = expectOf(json.expect, under(path, "expect"), problems)
  clock.atMs = instantOf(json.at, clock.startMs, clock.atMs, under(path, "at"), problems)
  const issuedAtMs = instantOf(
    json.issuedAt,
    clock.atMs,
    clock.atMs,
    under(path, "issuedAt"),
    problems,
  )
  return {
    index,
    verb,
    json,
    atMs: clock.atMs,
    issuedAtMs,
    expect,
    steps:
      verb === "parallel" ? stepsOf(json.parallel, under(path, "parallel"), clock, problems) : [],
    policy: verb === "policy" ? policyOf(json.policy, under(path, "policy"), problems) : null,
  }
}

/** `switch` has a `state`, `adjust` a `period`: the first verb in the published order that is a field. */
const verbsOf = (json: Json): readonly Verb[] => VERBS.filter((verb) => Object.hasOwn(json, verb))

const expectOf = (input: unknown, path: string, problems: Problem[]): Json | null => {
  if (input === undefined) return null
  const json = record(input)
  if (json === null) {
    problems.push({ path, message: "is not an object" })
    return null
  }
  for (const name of Object.keys(json))
    if (!EXPECTED.includes(name))
      problems.push({
        path: under(path, name),
        message: `is not known; there are ${EXPECTED.join(", ")}`,
      })
  return json
}

const policyOf = (input: unknown, path: string, problems: Problem[]): Policy | null => {
  const decoded = decodePolicy(input)
  if (decoded.ok) return decoded.policy
  for (const problem of decoded.problems)
    problems.push({
      path: problem.path === "" ? path : `${path}.${problem.path}`,
      message: problem.message,
    })
  return null
}

/** A duration from `fromMs`, such as "-11m", or an ISO instant. */
const instantOf = (
  input: unknown,
  fromMs: number,
  otherwiseMs: number,
  path: string,
  problems: Problem[],
): number => {
  if (input === undefined) return otherwiseMs
  const found = typeof input === "string" ? offsetOrInstant(input, fromMs) : undefined
  if (found !== undefined) return found
  problems.push({
    path,
    message: `${shown(input)} is not a time; write e.g. "1h30m" or "2026-01-15T10:20:00Z"`,
  })
  return otherwiseMs
}

/** @returns epoch milliseconds, or undefined where the text is neither a duration nor an instant */
export const offsetOrInstant = (text: string, fromMs: number): number | undefined => {
  const isBack = text.startsWith("-")
  const offset = parseDuration(isBack ? text.slice(1) : text)
  if (offset !== undefined) return isBack ? fromMs - offset : fromMs + offset
  const atMs = /^\d{4}-/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isFinite(atMs) ? atMs : undefined
}

export const record = (value: unknown): Json | null =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : null
