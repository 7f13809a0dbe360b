import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Policy } from "../../domain/policy.ts"
import { parseInstant } from "../instant.ts"
import { decodePolicy } from "../policy.ts"
import { type Problem, shown, under } from "../problem.ts"
import { shapeProblems } from "../shape.ts"
import { checkActors } from "./checkActors.ts"
import type { Fault, Fleet, FleetModel } from "./fleet.ts"
import type { FleetJson } from "./fleetJson.ts"
import { FleetReader } from "./fleetReader.ts"
import { FleetSchema } from "./fleetSchema.ts"
import { comesOfFleetStandIn, withFleetStandIns } from "./fleetStandIns.ts"
import { readActor } from "./readActor.ts"
import { readModel } from "./readModel.ts"
import { counterOf, expectOf, peopleOf } from "./readTerms.ts"

/** What reading a fleet gives: the fleet, or every problem. */
export type DecodedFleet =
  | { readonly ok: true; readonly fleet: Fleet }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/**
 * Reads a fleet file's JSON: all its problems at once, each with its path, the value and the mend.
 *
 * @example
 * const decoded = decodeFleet(JSON.parse(text))
 * if (decoded.ok) console.log(simulate(decoded.fleet).ways)
 */
export const decodeFleet = (input: unknown): DecodedFleet => {
  if (typeof input !== "object" || input === null || Array.isArray(input))
    return {
      ok: false,
      problems: [{ path: "", message: "it is not an object; write { … } with title and actors" }],
    }
  const { policy: policyJson, ...rest } = input as Readonly<Record<string, unknown>>
  const problems: Problem[] = []
  const policy = policyOf(policyJson, problems)
  const shape = decodeShape(rest)
  if (Result.isFailure(shape)) {
    const wrong = shapeProblems(shape.failure.issue, rest)
    return { ok: false, problems: [...wrong, ...problems, ...senseProblems(rest, wrong, policy)] }
  }
  const fleet = fleetOf(shape.success, policy, problems)
  if (policy === null || problems.length > 0) return { ok: false, problems }
  return { ok: true, fleet: { ...fleet, policy } }
}

const decodeShape = Schema.decodeUnknownResult(FleetSchema, {
  errors: "all",
  onExcessProperty: "error",
})

/** What else is wrong where the form is: a person mends all in one go. */
const senseProblems = (
  input: Readonly<Record<string, unknown>>,
  wrong: readonly Problem[],
  policy: Policy | null,
): readonly Problem[] => {
  const mended = decodeShape(
    withFleetStandIns(input, (fleet) => Result.isSuccess(decodeShape(fleet))),
  )
  if (Result.isFailure(mended)) return []
  const problems: Problem[] = []
  fleetOf(mended.success, policy, problems)
  return problems.filter((problem) => !comesOfFleetStandIn(problem, wrong))
}

const policyOf = (json: unknown, problems: Problem[]): Policy | null => {
  if (json === undefined) {
    problems.push({
      path: "policy",
      message: 'is missing; add e.g. "policy": { "budgets": [ … ] }',
    })
    return null
  }
  const decoded = decodePolicy(json)
  if (decoded.ok) return decoded.policy
  for (const { path, message } of decoded.problems)
    problems.push({ path: path === "" ? "policy" : `policy.${path}`, message })
  return null
}

const startOf = ({ start }: Json, problems: Problem[]): number => {
  const startMs = parseInstant(start)
  if (startMs === undefined)
    problems.push({
      path: "start",
      message: `${shown(start)} is not an instant; write e.g. "2026-01-15T06:00:00Z"`,
    })
  return startMs ?? 0
}

type Json = Omit<FleetJson, "policy">

/** @param problems gets all of its sense; those with its policy only where that could be read */
const fleetOf = (json: Json, policy: Policy | null, problems: Problem[]): Omit<Fleet, "policy"> => {
  const reader = new FleetReader(startOf(json, problems))
  const fleet = readParts(reader, json)
  if (policy !== null) checkActors(reader, fleet, policy)
  problems.push(...reader.problems)
  return fleet
}

const readParts = (reader: FleetReader, json: Json): Omit<Fleet, "policy"> => {
  reader.endMs = reader.startMs + reader.duration("lasts", json.lasts)
  const models = new Map<string, FleetModel>()
  for (const [name, model] of Object.entries(json.models))
    models.set(name, readModel(reader, name, model))
  if (json.actors.length === 0)
    reader.problem("actors", "there are none; write at least one who makes calls")
  const actors = json.actors.map((actor, at) => readActor(reader, models, actor, at))
  const names = actors.map(({ name }) => name)
  for (const [at, name] of names.entries())
    if (names.indexOf(name) < at)
      reader.problem(
        under(under("actors", at), "name"),
        `${shown(name)} is the name of another actor; give each its own`,
      )
  const hosts = json.hosts === undefined ? 1 : reader.integer("hosts", json.hosts, 1, HOSTS_MAX)
  return {
    title: json.title,
    why: json.why ?? null,
    source: json.source ?? null,
    startMs: reader.startMs,
    endMs: reader.endMs,
    hosts,
    models,
    actors,
    faults: (json.faults ?? []).map((fault, at) => faultOf(reader, fault, at, hosts)),
    people: json.people === undefined ? null : peopleOf(reader, json.people, names),
    alertAtNanoUsd:
      json.alert === undefined ? null : reader.amount("alert.usd", json.alert.usd, "usd"),
    counter: counterOf(reader, json.counter ?? {}),
    expect: expectOf(reader, json.expect ?? {}, names),
  }
}

const HOSTS_MAX = 100

const faultOf = (
  reader: FleetReader,
  fault: NonNullable<Json["faults"]>[number],
  at: number,
  hosts: number,
): Fault => {
  const path = under("faults", at)
  const fromMs = fault.at === undefined ? reader.startMs : reader.at(under(path, "at"), fault.at)
  const untilMs =
    fault.lasts === undefined
      ? reader.endMs
      : fromMs + reader.duration(under(path, "lasts"), fault.lasts)
  if (fault.kind === "store-outage") return { kind: fault.kind, fromMs, untilMs }
  if (fault.kind === "slow-store") {
    const byMs = reader.duration(under(path, "by"), fault.by)
    return { kind: fault.kind, byMs, fromMs, untilMs }
  }
  const host = reader.integer(under(path, "host"), fault.host, 1, hosts)
  if (fault.kind === "host-crash") return { kind: fault.kind, host, fromMs, untilMs }
  const isBehind = fault.by.startsWith("-")
  const byMs = reader.duration(under(path, "by"), isBehind ? fault.by.slice(1) : fault.by)
  return { kind: fault.kind, host, byMs: isBehind ? -byMs : byMs, fromMs, untilMs }
}
