import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Budget, Policy } from "../domain/policy.ts"
import type { PolicyJson } from "./policyJson.ts"
import { PolicySchema } from "./policySchema.ts"
import { warningsOf } from "./policyWarnings.ts"
import { PolicyInvalid, type Problem, shown, under } from "./problem.ts"
import { Reader } from "./read.ts"
import { readBudget } from "./readBudget.ts"
import { chainsOf, checkNamed, fallbacksOf } from "./readFallbacks.ts"
import { shapeProblems } from "./shape.ts"
import { comesOfStandIn, withStandIns } from "./standIns.ts"

export type { PolicyJson } from "./policyJson.ts"
export { channelsOf, policyChanges } from "./policyWarnings.ts"

/** What reading a policy gives: the policy and its warnings, or every problem. */
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
  const shape = decodeShape(input)
  if (Result.isFailure(shape)) {
    const problems = shapeProblems(shape.failure.issue, input)
    return { ok: false, problems: [...problems, ...senseProblems(input, problems)] }
  }
  const reader = new Reader()
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

/** Budgets without a policy around them: whether one blocks, and what its fallbacks are, is for who adds them. */
export const decodeBudgets = (
  budgets: PolicyJson["budgets"],
):
  | { readonly ok: true; readonly budgets: readonly Budget[] }
  | { readonly ok: false; readonly problems: readonly Problem[] } => {
  const json = { budgets, unknownModel: "refuse", onStoreUnavailable: "deny" } as const
  const shape = decodeShape(json)
  if (Result.isFailure(shape))
    return { ok: false, problems: shapeProblems(shape.failure.issue, json) }
  const reader = new Reader()
  const read = budgets.map((budget, at) => readBudget(reader, budget, under("budgets", at)))
  checkIds(reader, read)
  if (reader.problems.length > 0) return { ok: false, problems: reader.problems }
  return { ok: true, budgets: read }
}

const STRICT = { errors: "all", onExcessProperty: "error" } as const
const decodeShape = Schema.decodeUnknownResult(PolicySchema, STRICT)

/** What else is wrong where the shape is: a person mends all in one go. */
const senseProblems = (input: unknown, shape: readonly Problem[]): readonly Problem[] => {
  const rest = decodeShape(withStandIns(input, (policy) => Result.isSuccess(decodeShape(policy))))
  if (Result.isFailure(rest)) return []
  const reader = new Reader()
  readPolicy(reader, rest.success)
  return reader.problems.filter((problem) => !comesOfStandIn(problem, shape))
}

const readPolicy = (reader: Reader, json: PolicyJson): Policy => {
  const budgets = json.budgets
    .slice(0, BUDGETS_MAX)
    .map((budget, at) => readBudget(reader, budget, under("budgets", at)))
  checkBudgets(reader, json, budgets)
  const fallbacks = fallbacksOf(reader, json.fallbacks)
  checkNamed(reader, budgets, fallbacks, json.onRefused)
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
        : reader.integer("maxOutputTokens", json.maxOutputTokens, 1, TOKENS_MAX),
    minOutputTokens: reader.integer("minOutputTokens", json.minOutputTokens ?? 1, 0, TOKENS_MAX),
    ...partitionOf(reader, json.partitionBy),
  }
}

const TOKENS_MAX = 100_000_000

const checkBudgets = (reader: Reader, json: PolicyJson, budgets: readonly Budget[]): void => {
  if (budgets.length === 0) reader.problem("budgets", "the policy has no budget; add one")
  if (json.budgets.length > BUDGETS_MAX)
    reader.problem(
      "budgets",
      `it has ${json.budgets.length}; at most ${BUDGETS_MAX} bind one request`,
    )
  checkIds(reader, budgets)
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

const checkIds = (reader: Reader, budgets: readonly Budget[]): void => {
  for (const [at, budget] of budgets.entries())
    if (budgets.findIndex(({ id }) => id === budget.id) !== at)
      reader.problem(
        under(under("budgets", at), "id"),
        `${shown(budget.id)} is there twice; ids are unique`,
      )
}

const partitionOf = (reader: Reader, name: string | undefined): Pick<Policy, "partitionBy"> => {
  if (name === undefined) return {}
  if (name === "" || name === "platform")
    reader.problem(
      "partitionBy",
      `${shown(name)} does not divide anything; name a dimension, e.g. "org"`,
    )
  return { partitionBy: name }
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
