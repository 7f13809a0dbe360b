import * as SchemaIssue from "effect/SchemaIssue"
import { type Problem, shown, under } from "./problem.ts"

const format = SchemaIssue.makeFormatterStandardSchemaV1()

/** What a shape says of an input, each with its path, the value and the mend. */
export const shapeProblems = (issue: SchemaIssue.Issue, input: unknown): readonly Problem[] =>
  format(issue).issues.map((found) => {
    const parts = (found.path ?? []).map((part) => (typeof part === "object" ? part.key : part))
    const path = parts.reduce<string>(
      (sofar, part) => under(sofar, typeof part === "number" ? part : String(part)),
      "",
    )
    return {
      path,
      message: mended(found.message, String(parts.at(-1) ?? ""), valueAt(input, parts)),
    }
  })

/** The value at a path of own properties; undefined where there is none. */
export const valueAt = (input: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (value, part) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, part)
        ? (value as Record<PropertyKey, unknown>)[part]
        : undefined,
    input,
  )

const MISSING: Readonly<Record<string, string>> = {
  budgets: '"budgets": [ … ]',
  unknownModel: '"unknownModel": "refuse"',
  onStoreUnavailable: '"onStoreUnavailable": "deny"',
  id: '"id": "key-hour"',
  per: '"per": ["apiKey"]',
  limit: '"limit": { "usd": 50 }',
  window: '"window": "hour"',
  tiers: '"tiers": [ { "at": "100%", "block": true } ]',
  at: '"at": "80%"',
  coolDown: '"coolDown": "1h"',
}

const mended = (message: string, name: string, value: unknown): string => {
  if (message === "Missing key") return `is missing; add e.g. ${MISSING[name] ?? `"${name}"`}`
  if (message === "Expected no excess property") {
    if (name === "lease") return "is not supported by this version; leave it out"
    return `is not a known field${meant(name)}`
  }
  if (message.startsWith("is not")) return `${shown(value)} ${message}`
  return `${shown(value)} is not what is expected here: ${message.replace(/^Expected /, "")}`
}

const FIELDS =
  "budgets unknownModel onStoreUnavailable maxOutputTokens minOutputTokens fallbacks onRefused partitionBy id per limit window tiers whenMissing mode match model provider subject at notify message degrade block trip latch repeat coolDown maxCoolDown probation allow for usd usdNano tokens requests overrides timeZone startsOn every anchor sliding buckets lifetime idle next wait answer custom".split(
    " ",
  )

const meant = (name: string): string => {
  const near = FIELDS.find(
    (field) => distance(field.toLowerCase(), name.toLowerCase().slice(0, 40)) <= 2,
  )
  return near === undefined ? "; remove it" : `; did you mean \`${near}\`?`
}

/** Edit distance of two short words. */
const distance = (one: string, other: string): number => {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at)
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= other.length; j += 1) {
      const same = one[i - 1] === other[j - 1] ? 0 : 1
      next.push(Math.min((next[j - 1] ?? 0) + 1, (row[j] ?? 0) + 1, (row[j - 1] ?? 0) + same))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
