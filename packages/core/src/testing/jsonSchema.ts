import * as Schema from "effect/Schema"
import { FleetSchema } from "../edge/fleet/fleetSchema.ts"
import { PolicySchema } from "../edge/policySchema.ts"
import type { Json } from "./json.ts"
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

/** The JSON Schema of policy files, for editors: made from the one Schema that reads them. */
export const policyJsonSchema = (): Json => {
  const { schema, definitions } = Schema.toJsonSchemaDocument(PolicySchema, {
    onExcessProperty: "error",
  })
  return {
    $schema: DRAFT,
    title: "Spendfuse policy",
    ...schema,
    ...(Object.keys(definitions).length > 0 && { $defs: definitions }),
  }
}

/** The JSON Schema of fleet files, for editors: made from the one Schema that reads them. */
export const fleetJsonSchema = (): Json => {
  const { schema, definitions } = Schema.toJsonSchemaDocument(FleetSchema, {
    onExcessProperty: "error",
  })
  const { properties, required } = schema as { properties: Json; required: readonly string[] }
  return {
    $schema: DRAFT,
    title: "Spendfuse fleet",
    description: "Who makes calls, under which policy, and what goes wrong.",
    ...schema,
    properties: { ...properties, policy: { $ref: POLICY_FILE } },
    required: [...required, "policy"],
    ...(Object.keys(definitions).length > 0 && { $defs: definitions }),
  }
}

/** The JSON Schema of scenario files: made from the table that checks their fields. */
export const scenarioJsonSchema = (): Json => ({
  $schema: DRAFT,
  title: "Spendfuse scenario",
  description: "A policy test as data: what callers and operators do, and what they must see.",
  ...objectOf(
    {
      $schema: { type: "string" },
      title: { type: "string", description: "What it shows, as a sentence." },
      why: { type: "string" },
      policy: { $ref: POLICY_FILE },
      start: { type: "string", description: 'An ISO instant, as in "2026-01-15T10:20:00Z".' },
      steps: { type: "array", items: { $ref: "#/$defs/step" } },
    },
    ["title", "policy", "start", "steps"],
  ),
  $defs: {
    expect: expectOf((name) => name !== "refused" && name !== "errors"),
    expectOfParallel: expectOf((name) => EXPECTED_OF_PARALLEL.includes(name)),
    step: {
      anyOf: VERBS.map((verb) =>
        stepOf(verb, {
          $ref: verb === "parallel" ? "#/$defs/expectOfParallel" : "#/$defs/expect",
        }),
      ),
    },
    command: {
      anyOf: VERBS.filter((verb) => !ALONE.includes(verb)).map((verb) => stepOf(verb, null)),
    },
  },
})

const DRAFT = "https://json-schema.org/draft/2020-12/schema"
const POLICY_FILE = "./policy.json"

/** What cannot be one of many at once. */
const ALONE: readonly Verb[] = ["parallel", "restart", "store", "policy"]

const objectOf = (properties: Json, required: readonly string[]): Json => ({
  type: "object",
  properties,
  required,
  additionalProperties: false,
})

const stepOf = (verb: Verb, expect: Json | null): Json =>
  objectOf(
    {
      ...schemasOf(FIELDS[verb]),
      ...schemasOf({ at: time, issuedAt: time, why: text }),
      ...(expect !== null && { expect }),
    },
    [verb, ...(REQUIRED[verb] ?? [])],
  )

const expectOf = (isKnown: (name: string) => boolean): Json =>
  objectOf(
    schemasOf(Object.fromEntries(Object.entries(EXPECTED).filter(([name]) => isKnown(name)))),
    [],
  )

const schemasOf = (kinds: Readonly<Record<string, Kind>>): Json =>
  Object.fromEntries(Object.entries(kinds).map(([name, { schema }]) => [name, schema]))
