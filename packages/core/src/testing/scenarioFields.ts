import { parseDuration } from "../domain/time.ts"
import { offsetOrInstant } from "../edge/instant.ts"
import { shown } from "../edge/problem.ts"
import { record } from "./json.ts"

/** What a step does; the word is also its field in the file. The first that a step has is its verb. */
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

/** What a field may hold: its JSON Schema, and what is wrong with a value; null where nothing is. */
export interface Kind {
  readonly schema: Readonly<Record<string, unknown>>
  readonly problem: (value: unknown) => string | null
}

/** Amounts, ids and subject values are the product's to judge: a bad one is that step's error. */
const anything = (schema: Kind["schema"]): Kind => ({ schema, problem: () => null })

const where = (
  schema: Kind["schema"],
  isGood: (value: unknown) => boolean,
  what: string,
): Kind => ({
  schema,
  problem: (value) => (isGood(value) ? null : `${shown(value)} is not ${what}`),
})

const isText = (value: unknown): value is string => typeof value === "string"

const oneOf = (...words: readonly string[]): Kind =>
  where(
    { enum: words },
    (value) => isText(value) && words.includes(value),
    `known; write ${words.map((word) => `"${word}"`).join(" or ")}`,
  )

/** An object that has no other fields than these; what they hold is the product's to judge. */
const objectOf = (properties: Kind["schema"], required: readonly string[], mend: string): Kind => ({
  schema: { type: "object", properties, required, additionalProperties: false },
  problem: (value) => {
    const json = record(value)
    if (json === null) return `${shown(value)} is not an object; write e.g. ${mend}`
    const odd = Object.keys(json).find((name) => !Object.hasOwn(properties, name))
    if (odd !== undefined)
      return `has the unknown field ${shown(odd)}; there are ${Object.keys(properties).join(", ")}`
    const missing = required.find((name) => !Object.hasOwn(json, name))
    return missing === undefined ? null : `lacks \`${missing}\`; write e.g. ${mend}`
  },
})

const AMOUNT = { type: ["string", "integer"] }
const AMOUNTS = { usd: AMOUNT, usdNano: AMOUNT, tokens: AMOUNT, requests: AMOUNT }
const SUBJECT = { type: "object", additionalProperties: { type: "string" } }

export const text: Kind = where({ type: "string" }, isText, "a text")
export const id: Kind = anything({ type: "string", minLength: 1 })
export const flag: Kind = where(
  { type: "boolean" },
  (value) => typeof value === "boolean",
  "true or false",
)
const always: Kind = where({ const: true }, (value) => value === true, "`true`")
const count: Kind = where(
  { type: "integer" },
  (value) => typeof value === "number",
  "a number; write e.g. 1",
)
const duration: Kind = where(
  { type: "string", pattern: "^(\\d+(ms|[smhdw]))+$" },
  (value) => isText(value) && parseDuration(value) !== undefined,
  'a duration; write e.g. "1h30m"',
)
export const time: Kind = where(
  { type: "string" },
  (value) => isText(value) && offsetOrInstant(value, 0) !== undefined,
  'a time; write e.g. "1h30m" or "2026-01-15T10:20:00Z"',
)
export const amounts: Kind = objectOf(AMOUNTS, [], '{ "usd": "0.25" }')
const subject: Kind = where(
  SUBJECT,
  (value) => record(value) !== null,
  'an object of dimensions; write e.g. { "apiKey": "k1" }',
)
const units: Kind = objectOf(
  {
    least: { type: "integer" },
    most: { type: "integer" },
    perUnit: { type: "object", properties: AMOUNTS, additionalProperties: false },
  },
  ["most", "perUnit"],
  '{ "least": 1, "most": 100, "perUnit": { "usdNano": 10 } }',
)
const ofAccount: Kind = objectOf(
  { budget: { type: "string" }, subject: SUBJECT },
  ["budget", "subject"],
  '{ "budget": "key-hour", "subject": { "apiKey": "k1" } }',
)
const account: Kind = {
  schema: ofAccount.schema,
  problem: (value) => {
    const json = record(value) ?? {}
    const inner = [text.problem(json.budget), subject.problem(json.subject)]
    return ofAccount.problem(value) ?? inner.find((problem) => problem !== null) ?? null
  },
}
const switched: Kind = where(
  { ...SUBJECT, minProperties: 1, maxProperties: 1 },
  (value) => Object.keys(record(value) ?? {}).length === 1,
  'one subject value; write e.g. { "apiKey": "k1" }',
)
/** Read on their own: a policy, a list of steps. */
const policy: Kind = anything({ $ref: "./policy.json" })
const steps: Kind = anything({ type: "array", items: { $ref: "#/$defs/command" } })

/** The fields of each verb, its own first. */
export const FIELDS: Readonly<Record<Verb, Readonly<Record<string, Kind>>>> = {
  reserve: {
    reserve: id,
    subject,
    amount: amounts,
    units,
    model: text,
    provider: text,
    via: text,
    expiresIn: duration,
  },
  extend: { extend: id, amount: amounts, units, expiresIn: duration, id },
  settle: { settle: id, actual: amounts, final: flag, seq: count },
  release: { release: id },
  charge: { charge: id, subject, amount: amounts },
  acknowledge: {
    acknowledge: account,
    by: text,
    id,
    upTo: amounts,
    generation: count,
    allow: amounts,
  },
  trip: { trip: account, by: text, id, coolDown: duration },
  adjust: { adjust: account, by: text, id, amount: amounts, period: time },
  switch: { switch: switched, by: text, id, state: oneOf("off", "on"), until: time },
  expire: { expire: always },
  account: { account, asOf: time },
  policy: { policy },
  parallel: { parallel: steps },
  restart: { restart: always },
  store: { store: oneOf("down", "up") },
}

/** What a step cannot do without; what else lacks is the product's to judge. */
export const REQUIRED: Readonly<Partial<Record<Verb, readonly string[]>>> = {
  reserve: ["subject"],
  settle: ["actual"],
  charge: ["subject", "amount"],
  adjust: ["amount"],
  switch: ["state"],
}

const numberOr = (what: string): Kind =>
  where(
    { type: ["boolean", "integer"] },
    (value) => ["boolean", "number"].includes(typeof value),
    what,
  )

const names: Kind = where(
  { type: "array", items: { type: "string" } },
  (value) => Array.isArray(value) && value.every(isText),
  'a list of texts; write e.g. ["tier key 80%"]',
)

const untilKind: Kind = {
  schema: { type: ["string", "null"] },
  problem: (value) => (value === null ? null : time.problem(value)),
}

/** What `expect` may name. */
export const EXPECTED: Readonly<Record<string, Kind>> = {
  allowed: numberOr("true or false, or a count in `parallel`"),
  refused: count,
  errors: count,
  reason: text,
  obstacles: names,
  until: untilKind,
  granted: count,
  remaining: amounts,
  settled: amounts,
  held: amounts,
  events: names,
  circuit: oneOf("closed", "open", "half-open", "latched"),
  withoutStore: flag,
  error: text,
}

/** What a block of parallel steps is judged by. */
export const EXPECTED_OF_PARALLEL: readonly string[] = ["allowed", "refused", "errors", "events"]
