/** One thing that the doctor looked at. */
export interface Check {
  /** In kebab case: for scripts. */
  readonly name: string
  readonly state: "ok" | "warn" | "fail"
  readonly found: string
  /** What that means, and what to do about it; null where all is well. */
  readonly means: string | null
  readonly mend: string | null
}

/** Which store it is, by the names of its facts, and what was looked at. Nothing of it is secret. */
export interface Inspection {
  readonly facts: Readonly<Record<string, string>>
  readonly checks: readonly Check[]
}
