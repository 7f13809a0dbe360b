import type { Line } from "../domain/command.ts"
import type { Outcome } from "../domain/outcome.ts"
import type { Subject } from "../domain/subject.ts"
import { HOUR_MS, parseDuration } from "../domain/time.ts"
import { offsetOrInstant } from "../edge/instant.ts"
import { RequestFailed } from "../engine/errors.ts"
import type { AccountOf, ByWhom } from "../engine/operator.ts"
import { amountIn, countOf } from "./amounts.ts"
import { type Json, record } from "./json.ts"
import type { Step } from "./scenarioSteps.ts"
import { failed, type Seen } from "./seen.ts"
import type { World } from "./world.ts"

/** Plays what an operator does, by the engine's own operator. */
export const playOperator = async (world: World, step: Step): Promise<Seen> => {
  const { json, verb } = step
  const whom = whomOf(json)
  if (whom === null) return failed("invalid-command", "`id` is not a text with a letter")
  if (verb === "switch") return playSwitch(world, step, whom)
  const atMs = timeOf(json.period, step.issuedAtMs)
  const account = accountOf(json[verb])
  const line = world.operator.lineOf(account, atMs)
  world.divisions.add(line.division)
  const outcome = await answered(() => outcomeOf(world, step, { account, line, whom, atMs }))
  return world.seen(outcome, [line])
}

/** Shows an account, without a command. */
export const playAccount = async (world: World, { json, issuedAtMs }: Step): Promise<Seen> => {
  const line = world.operator.lineOf(accountOf(json.account), timeOf(json.asOf, issuedAtMs))
  const view = await world.view(line)
  return {
    outcome: { kind: "account", ...view },
    line,
    view,
    allowed: undefined,
    withoutStore: false,
  }
}

/** A fault is an outcome to a scenario, and leaves the account to look at. */
const answered = async (operate: () => Promise<Outcome>): Promise<Outcome> => {
  try {
    return await operate()
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error
    return { kind: "error", error: error.error, detail: error.detail }
  }
}

interface Meant {
  readonly account: AccountOf
  readonly line: Line
  readonly whom: ByWhom
  readonly atMs: number
}

const outcomeOf = (
  { operator }: World,
  { verb, json }: Step,
  { account, line, whom, atMs }: Meant,
): Promise<Outcome> => {
  const { unit } = line.terms
  const amount = (name: string): number => amountIn(unit, json[name]) ?? Number.NaN
  switch (verb) {
    case "trip": {
      const coolDown = typeof json.coolDown === "string" ? parseDuration(json.coolDown) : HOUR_MS
      return operator.trip(account, { ...whom, coolDownMs: coolDown ?? Number.NaN })
    }
    case "adjust":
      return operator.adjust(account, { ...whom, amount: amount("amount"), atMs })
    default:
      return operator.acknowledge(account, {
        ...whom,
        ...(json.upTo !== undefined && { upTo: amount("upTo") }),
        ...(json.allow !== undefined && { allow: amount("allow") }),
        ...(json.generation !== undefined && { generation: countOf(json.generation, 0) }),
      })
  }
}

const playSwitch = async (
  world: World,
  { json, issuedAtMs }: Step,
  whom: ByWhom,
): Promise<Seen> => {
  const [[dimension, value] = ["", ""]] = Object.entries(record(json.switch) ?? {})
  if (typeof value !== "string")
    return failed("invalid-command", "the subject's value is not a text")
  const outcome = await answered(() =>
    world.operator.switch(
      { dimension, value },
      {
        ...whom,
        state: json.state === "on" ? "on" : "off",
        ...(json.until !== undefined && { untilMs: timeOf(json.until, issuedAtMs) }),
      },
    ),
  )
  return world.seen(outcome, [])
}

/** Who does it; null where the id is none. What the name and the reason are worth, the product judges. */
const whomOf = ({ by, why, id }: Json): ByWhom | null => {
  const person = { by: String(by ?? ""), why: String(why ?? "") }
  if (id === undefined) return person
  return typeof id === "string" && id !== "" ? { ...person, id } : null
}

/** @throws RequestFailed `invalid-command` where a value of the subject is not a text */
const accountOf = (json: unknown): AccountOf => {
  const { budget, subject } = record(json) ?? {}
  const values = record(subject) ?? {}
  const odd = Object.keys(values).find((name) => typeof values[name] !== "string")
  if (odd !== undefined)
    throw new RequestFailed("invalid-command", `\`subject.${odd}\` is not a string`)
  return { budget: String(budget), subject: values as Subject }
}

const timeOf = (json: unknown, fromMs: number): number =>
  (typeof json === "string" ? offsetOrInstant(json, fromMs) : undefined) ?? fromMs
