/** One thing that is wrong with an input: where, and how to mend it. */
export interface Problem {
  /** `budgets[1].tiers[0].at`; empty for the whole. */
  readonly path: string
  readonly message: string
}

/** A policy that cannot be used; all its problems at once. */
export class PolicyInvalid extends Error {
  readonly _tag = "PolicyInvalid"
  override readonly name = "PolicyInvalid"
  readonly problems: readonly Problem[]
  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join("\n"))
    this.problems = problems
  }
}

/** `budgets[1].tiers[0].at: 0 is not above 0 %; write e.g. "80%"`. */
export const formatProblem = ({ path, message }: Problem): string =>
  path === "" ? message : `${path}: ${message}`

/** A path's next part. */
export const under = (path: string, part: string | number): string =>
  typeof part === "number"
    ? `${path}[${part}]`
    : /^[A-Za-z_$][\w$]*$/.test(part)
      ? path === ""
        ? part
        : `${path}.${part}`
      : `${path}[${JSON.stringify(part)}]`

/** A value as a message shows it: short scalars only, for a policy may hold what is nobody's business. */
export const shown = (value: unknown): string => {
  if (typeof value === "string")
    return value.length <= 40 ? `\`${JSON.stringify(value)}\`` : "this text"
  if (value === null || typeof value === "number" || typeof value === "boolean")
    return `\`${value}\``
  return Array.isArray(value)
    ? "this list"
    : value === undefined
      ? "nothing"
      : `this ${typeof value}`
}
