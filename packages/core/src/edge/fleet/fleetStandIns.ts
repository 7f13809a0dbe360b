import { type Problem, under } from "../problem.ts"
import { valueAt } from "../shape.ts"
import { type Fields, isWithin, keptFields } from "../standIns.ts"
import { KIND_FIELDS } from "./readActor.ts"

/** Whether a fleet, without its policy, has the right form. */
type Fits = (fleet: Fields) => boolean

/** Where its most output cannot be read, no call is told to have no bound. */
const MODEL: Fields = { input: 1, output: 1, maxOutput: 1 }
const ACTOR: Fields = {
  kind: "loop",
  subject: {},
  model: "m",
  input: 1,
  output: 1,
  takes: "1s",
}
const FAULT: Fields = { kind: "store-outage", at: "0s", lasts: "1s" }
const FLEET: Fields = {
  title: "",
  start: "2026-01-15T06:00:00Z",
  lasts: "1h",
  models: { m: MODEL },
  actors: [{ name: "a", ...ACTOR }],
}
/** As many as a fleet may have: faults name them. */
const HOSTS = { hosts: 100 }

const PARTS: Readonly<Record<string, Fields>> = {
  people: { answerIn: "1s" },
  alert: { usd: 1 },
  counter: {},
  expect: {},
}

/**
 * The fleet with a stand-in for each part whose form is wrong, so that the sense of all the rest can be read: a
 * person mends everything in one go.
 */
export const withFleetStandIns = (input: Fields, fits: Fits): Fields => {
  const base = Object.hasOwn(input, "hosts") ? { ...FLEET, ...HOSTS } : FLEET
  const { actors, faults } = input
  return {
    ...keptOf(input, base, fits),
    models: modelsOf(input, fits),
    ...(Array.isArray(actors) && { actors: actorsOf(actors, fits) }),
    ...(Array.isArray(faults) && {
      faults: faults.map((fault: unknown) => (fits({ ...FLEET, faults: [fault] }) ? fault : FAULT)),
    }),
    ...partsOf(input, fits),
  }
}

/**
 * Whether a problem of sense may come of a stand-in alone: it is about the same place, above or below it, or about
 * what is the matter of a kind that cannot be read, the bound of a model that cannot, or names of actors that cannot.
 */
export const comesOfFleetStandIn = ({ path }: Problem, shape: readonly Problem[]): boolean =>
  shape.some(({ path: wrong }) => {
    if (isWithin(path, wrong) || isWithin(wrong, path)) return true
    const [, actor, field] = /^(actors\[\d+\])(?:\.(\w+))?$/.exec(wrong) ?? []
    if (wrong === "actors" || (actor !== undefined && (field ?? "name") === "name"))
      return isWithin(path, "people.stop") || isWithin(path, "expect.refusedAtMost")
    if (actor === undefined) return false
    if (field === "model") return path === `${actor}.limit`
    if (field !== "kind") return false
    const subject = `${actor}.subject`
    if (isWithin(path, subject)) return path !== subject
    return KIND_FIELDS.some((name) => isWithin(path, `${actor}.${name}`))
  })

/** The value where its form is right, else the base with every field of it whose form is. */
const keptOf = (value: unknown, base: Fields, fits: Fits): Fields => {
  if (!isRecord(value)) return base
  return fits(value) ? value : keptFields(value, Object.keys(value), base, fits)
}

/** What cannot be read keeps its name, for the actors that name it. */
const modelsOf = ({ models, actors }: Fields, fits: Fits): Fields => {
  if (!isRecord(models)) return Object.fromEntries(namesOf(actors).map((name) => [name, MODEL]))
  const entries = Object.entries(models).map(([name, model]) => [
    name,
    keptOf(model, MODEL, (own) => fits({ ...FLEET, models: { m: own } })),
  ])
  return Object.fromEntries(entries) as Fields
}

const namesOf = (actors: unknown): readonly string[] =>
  (Array.isArray(actors) ? actors : [])
    .map((actor: unknown) => valueAt(actor, ["model"]))
    .filter((name) => typeof name === "string")

const actorsOf = (actors: readonly unknown[], fits: Fits): readonly Fields[] =>
  actors.map((actor, at) =>
    // Names that stand in must not meet, nor meet one that somebody writes.
    keptOf(actor, { name: under("#", at), ...ACTOR }, (own) => fits({ ...FLEET, actors: [own] })),
  )

const partsOf = (input: Fields, fits: Fits): Fields =>
  Object.fromEntries(
    Object.entries(PARTS)
      .filter(([name]) => isRecord(input[name]))
      .map(([name, base]) => [
        name,
        keptOf(input[name], base, (own) => fits({ ...FLEET, [name]: own })),
      ]),
  )

const isRecord = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value)
