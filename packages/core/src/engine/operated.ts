import type { Policy } from "../domain/policy.ts"
import { PLATFORM, PLATFORM_VALUE } from "../domain/subject.ts"
import { shortOf } from "./amounts.ts"
import { RequestFailed } from "./errors.ts"

/** @throws RequestFailed `invalid-command` where it does not say who does it and why */
export const checkByWhom = (options: unknown): void => {
  if (typeof options !== "object" || options === null)
    throw invalid('nobody is named; give { by: "ann", why: "the loop is stopped" }')
  const { id } = options as { readonly id?: unknown }
  if (id !== undefined && (typeof id !== "string" || id === ""))
    throw invalid(`\`id\` is \`${shortOf(id)}\`; give a text with a letter, or leave it out`)
}

/** @throws RequestFailed `invalid-command` where no request can have the value */
export const checkSwitch = (subject: unknown): void => {
  const { dimension, value } = (subject ?? {}) as Partial<Record<string, unknown>>
  if (typeof dimension !== "string")
    throw invalid(`\`dimension\` is \`${shortOf(dimension)}\`; give e.g. "apiKey"`)
  if (typeof value !== "string")
    throw invalid(`\`value\` is \`${shortOf(value)}\`; give the subject's value, a string`)
  if (dimension === PLATFORM && value !== PLATFORM_VALUE)
    throw invalid(`the platform has the one value \`${PLATFORM_VALUE}\`; give that`)
}

/** Every dimension that a policy names, and the platform. */
export const dimensionsOf = ({ budgets, partitionBy }: Policy): readonly string[] => [
  PLATFORM,
  ...budgets.flatMap(({ per, match }) => [...per, ...Object.keys(match?.subject ?? {})]),
  ...(partitionBy === undefined ? [] : [partitionBy]),
]

const invalid = (detail: string): RequestFailed => new RequestFailed("invalid-command", detail)
