/** One thing that an inspection looked at. */
export interface RedisCheck {
  /** What was looked at, in kebab case: for scripts. */
  readonly name: string
  /** `fail` may let the caps be passed or lose what they know; `warn` is a risk to know of, or was not seen. */
  readonly state: "ok" | "warn" | "fail"
  /** What was found. */
  readonly found: string
  /** What that means for a fuse; null where all is well. */
  readonly means: string | null
  /** What to do about it; null where all is well. */
  readonly mend: string | null
}

/** What an inspection found: facts by their names, and checks. Neither holds a secret. */
export interface RedisInspection {
  readonly facts: Readonly<Record<string, string>>
  readonly checks: readonly RedisCheck[]
}

/** What is wrong, what it means, what to do. */
export type Wrong = readonly [state: "warn" | "fail", means: string, mend: string]

/** All is well, or the first thing that is wrong. */
export const check = (name: string, found: string, wrong: Wrong | false): RedisCheck => {
  if (wrong === false) return { name, state: "ok", found, means: null, mend: null }
  const [state, means, mend] = wrong
  return { name, state, found, means, mend }
}
