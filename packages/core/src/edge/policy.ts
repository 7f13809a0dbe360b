import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { formatUsd } from "../domain/money.ts"
import type { Budget, Fallback, Policy, Threshold } from "../domain/policy.ts"
import { BudgetSchema, type PolicyJson, PolicySchema } from "./policySchema.ts"
import { PolicyInvalid, type Problem, shown, under } from "./problem.ts"
import { Reader } from "./read.ts"
import { readBudget } from "./readBudget.ts"

export type { PolicyJson } from "./policySchema.ts"

export type DecodedPolicy =
  | { readonly ok: true; readonly policy: Policy; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/**
 * Reads a policy from data of unknown shape: all its problems at once, each with its path and the mend.
 *
 * @param options `authenticated`: the dimensions whose values the host vouches for
 */
export const decodePolicy = (
  input: unknown,
  options: { readonly authenticated?: readonly string[] } = {},
): DecodedPolicy => {
  const reader = new Reader()
  const shape = decodeShape(input)
  if (Result.isFailure(shape)) {
    reader.problems.push(...shapeProblems(shape.failure.issue, input))
    for (const [at, budget] of readableBudgets(input))
      readBudget(reader, budget, under("budgets", at))
    return { ok: false, problems: reader.problems }
  }
  const policy = readPolicy(reader, shape.success)
  if (reader.problems.length > 0) return { ok: false, problems: reader.problems }
  return { ok: true, policy, warnings: warningsOf(policy, options.authenticated ?? []) }
}

/**
 * A policy written in code, typed as one writes it.
 *
 * @throws PolicyInvalid with every problem, its path and the mend
 */
export const definePolicy = (json: PolicyJson): Policy => {
  const decoded = decodePolicy(json)
  if (!decoded.ok) throw new PolicyInvalid(decoded.problems)
  return decoded.policy
}

/** Every channel that a tier of the policy tells. */
export const channelsOf = (policy: Policy): readonly string[] => [
  ...new Set(policy.budgets.flatMap(({ tiers }) => tiers.flatMap((tier) => tier.notify ?? []))),
]

/** What a reload forgets: a changed id, `per`, unit or window starts fresh meters. One sentence each. */
export const policyChanges = (before: Policy, after: Policy): readonly string[] => {
  const sentences: string[] = []
  for (const old of before.budgets) {
    const now = after.budgets.find(({ id }) => id === old.id)
    if (now === undefined) {
      sentences.push(`budget \`${old.id}\` is gone: what it counted is forgotten`)
      continue
    }
    const changed = (["per", "unit", "window"] as const).filter(
      (field) => JSON.stringify(old[field]) !== JSON.stringify(now[field]),
    )
    if (changed.length > 0)
      sentences.push(`budget \`${old.id}\` starts fresh meters: ${changed.join(", ")} changed`)
  }
  return sentences
}

const decodeShape = Schema.decodeUnknownResult(PolicySchema, {
  errors: "all",
  onExcessProperty: "error",
})
const decodeBudget = Schema.decodeUnknownResult(BudgetSchema, {
  errors: "all",
  onExcessProperty: "error",
})
const format = SchemaIssue.makeFormatterStandardSchemaV1()

const shapeProblems = (issue: SchemaIssue.Issue, input: unknown): readonly Problem[] =>
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

const valueAt = (input: unknown, path: readonly PropertyKey[]): unknown =>
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
  if (message === "Expected no excess property") return `is not a known field${meant(name)}`
  if (message.startsWith("is not")) return `${shown(value)} ${message}`
  return `${shown(value)} is not what is expected here: ${message.replace(/^Expected /, "")}`
}

const FIELDS =
  "budgets unknownModel onStoreUnavailable maxOutputTokens minOutputTokens fallbacks onRefused partitionBy id per limit window tiers whenMissing mode match model provider at notify message degrade block trip latch repeat coolDown maxCoolDown probation allow for usd usdNano tokens requests overrides timeZone startsOn every anchor sliding buckets lifetime idle next wait answer custom".split(
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

const readableBudgets = function* (
  input: unknown,
): Iterable<[number, PolicyJson["budgets"][number]]> {
  const budgets = valueAt(input, ["budgets"])
  if (!Array.isArray(budgets)) return
  for (const [at, budget] of budgets.entries()) {
    const decoded = decodeBudget(budget)
    if (Result.isSuccess(decoded)) yield [at, decoded.success]
  }
}

const readPolicy = (reader: Reader, json: PolicyJson): Policy => {
  const budgets = json.budgets.map((budget, at) => readBudget(reader, budget, under("budgets", at)))
  checkBudgets(reader, budgets)
  const fallbacks = fallbacksOf(reader, json)
  checkNamed(reader, json, fallbacks)
  return {
    budgets,
    fallbacks,
    fallbackChains: chainsOf(reader, fallbacks),
    onRefused: json.onRefused ?? null,
    unknownModel: unknownModelOf(reader, json.unknownModel),
    onStoreUnavailable: unavailableOf(reader, json.onStoreUnavailable),
    maxOutputTokens:
      json.maxOutputTokens === undefined
        ? null
        : reader.integer("maxOutputTokens", json.maxOutputTokens, 1, 100_000_000),
    minOutputTokens: reader.integer("minOutputTokens", json.minOutputTokens ?? 1, 0, 100_000_000),
    ...(json.partitionBy !== undefined && { partitionBy: json.partitionBy }),
  }
}

const checkBudgets = (reader: Reader, budgets: readonly Budget[]): void => {
  if (budgets.length === 0) reader.problem("budgets", "the policy has no budget; add one")
  if (budgets.length > BUDGETS_MAX)
    reader.problem("budgets", `it has ${budgets.length}; at most ${BUDGETS_MAX} bind one request`)
  for (const [at, { id }] of budgets.entries())
    if (budgets.findIndex((other) => other.id === id) !== at)
      reader.problem(
        under(under("budgets", at), "id"),
        `${shown(id)} is there twice; ids are unique`,
      )
  const canBlock = budgets.some(
    ({ tiers, observe }) => observe || tiers.some(({ effect }) => effect !== undefined),
  )
  if (budgets.length > 0 && !canBlock)
    reader.problem(
      "budgets",
      'no tier of any budget ever blocks; add e.g. { "at": "100%", "block": true }, or "mode": "observe"',
    )
}

const BUDGETS_MAX = 32

const fallbacksOf = (reader: Reader, json: PolicyJson): ReadonlyMap<string, Fallback> => {
  const fallbacks = new Map<string, Fallback>()
  for (const [name, value] of Object.entries(json.fallbacks ?? {})) {
    const next = "next" in value && value.next !== undefined ? { next: value.next } : {}
    if ("model" in value)
      fallbacks.set(name, {
        kind: "model",
        model: value.model,
        ...(value.provider !== undefined && { provider: value.provider }),
        ...next,
      })
    else if ("wait" in value) {
      const forMs = reader.duration(under(under("fallbacks", name), "wait"), value.wait)
      fallbacks.set(name, { kind: "wait", forMs, ...next })
    } else if ("answer" in value) fallbacks.set(name, { kind: "answer", text: value.answer })
    else fallbacks.set(name, { kind: "custom", ...next })
  }
  return fallbacks
}

const checkNamed = (
  reader: Reader,
  json: PolicyJson,
  fallbacks: ReadonlyMap<string, Fallback>,
): void => {
  const check = (path: string, name: string | undefined): void => {
    if (name === undefined || fallbacks.has(name)) return
    const known = [...fallbacks.keys()].map((key) => `\`${key}\``).join(", ")
    reader.problem(
      path,
      `${shown(name)} is not a fallback; ${known === "" ? "add it under `fallbacks`" : `there are ${known}`}`,
    )
  }
  check("onRefused", json.onRefused)
  for (const [name, fallback] of fallbacks)
    if ("next" in fallback) check(under(under("fallbacks", name), "next"), fallback.next)
  for (const [at, budget] of json.budgets.entries())
    for (const [tier, { degrade }] of budget.tiers.entries())
      check(under(under(under(under("budgets", at), "tiers"), tier), "degrade"), degrade)
}

/** Each fallback with those after it; one that comes back to itself is a problem. */
const chainsOf = (
  reader: Reader,
  fallbacks: ReadonlyMap<string, Fallback>,
): ReadonlyMap<string, readonly string[]> => {
  const chains = new Map<string, readonly string[]>()
  for (const name of fallbacks.keys()) {
    const chain: string[] = []
    let at: string | undefined = name
    while (at !== undefined && !chain.includes(at)) {
      chain.push(at)
      const fallback = fallbacks.get(at)
      at = fallback !== undefined && "next" in fallback ? fallback.next : undefined
    }
    if (at === name)
      reader.problem(
        under("fallbacks", name),
        `it loops: ${[...chain, at].join(" → ")}; end the chain`,
      )
    chains.set(name, chain)
  }
  return chains
}

const unknownModelOf = (
  reader: Reader,
  json: PolicyJson["unknownModel"],
): Policy["unknownModel"] => {
  if (typeof json === "string") return { kind: json }
  const path = "unknownModel.price"
  return {
    kind: "price",
    inputPerMillion: reader.amount(`${path}.inputUsd`, json.price.inputUsd, "usd"),
    outputPerMillion: reader.amount(`${path}.outputUsd`, json.price.outputUsd, "usd"),
  }
}

const unavailableOf = (
  reader: Reader,
  json: PolicyJson["onStoreUnavailable"],
): Policy["onStoreUnavailable"] => {
  if (typeof json === "string") return { kind: json }
  const sharePercent = reader.percent("onStoreUnavailable.degrade", json.degrade)
  if (sharePercent > 100)
    reader.problem(
      "onStoreUnavailable.degrade",
      `${shown(json.degrade)} is more than all; write e.g. "10%"`,
    )
  return {
    kind: "degrade",
    sharePercent,
    hosts: reader.integer("onStoreUnavailable.hosts", json.hosts, 1, 100_000),
  }
}

const warningsOf = (policy: Policy, authenticated: readonly string[]): readonly string[] => {
  const warnings: string[] = []
  const blocking = policy.budgets.filter(({ tiers }) =>
    tiers.some(({ effect }) => effect !== undefined),
  )
  if (policy.budgets.every(({ observe }) => observe))
    warnings.push("every budget only observes: nothing is ever refused")
  for (const budget of blocking) {
    const cap = Math.min(
      ...budget.tiers
        .filter(({ effect }) => effect !== undefined)
        .map(({ at }) => amountAt(at, budget.limit)),
    )
    if (cap !== budget.limit)
      warnings.push(
        `budget \`${budget.id}\`: cap is ${inUnit(cap, budget)}, ${timesText(cap / budget.limit)} the limit`,
      )
  }
  if (!blocking.some(({ whenMissing, match }) => whenMissing !== "skip" && match === undefined))
    warnings.push(
      "a request that lacks every skipped dimension, or matches no budget, is bound by none",
    )
  if (
    authenticated.length > 0 &&
    !blocking.some(({ per }) => per.some((name) => authenticated.includes(name)))
  )
    warnings.push(
      `no budget that blocks counts by ${authenticated.map((name) => `\`${name}\``).join(", ")}: a caller who changes the others starts fresh`,
    )
  if (policy.maxOutputTokens === null)
    warnings.push(
      "`maxOutputTokens` is not set: a call without its own limit is bounded by its model's, or refused",
    )
  return warnings
}

const amountAt = (at: Threshold, limit: number): number =>
  "amount" in at ? at.amount : Math.ceil((limit * at.percent) / 100)

const timesText = (times: number): string =>
  times === 2 ? "twice" : `${Number(times.toFixed(4))} times`

const inUnit = (amount: number, { unit }: Budget): string =>
  unit === "usd" ? `${formatUsd(amount)} USD` : `${amount} ${unit}`
