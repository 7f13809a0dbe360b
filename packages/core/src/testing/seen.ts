import type { Line } from "../domain/command.ts"
import type { CommandError, Outcome } from "../domain/outcome.ts"
import type { View } from "../domain/view.ts"

/** What a step showed. */
export interface Seen {
  readonly outcome: { readonly kind: string; readonly [field: string]: unknown }
  /** The line that the outcome is about: its reason's, else the first. */
  readonly line: Line | null
  readonly view: View | null
  /** Undefined where nothing asks for admission. */
  readonly allowed: boolean | undefined
  readonly withoutStore: boolean
  readonly events?: readonly string[]
}

/** A step that has no answer of a store to show. */
export const plain = (kind: string): Seen => ({
  outcome: { kind },
  line: null,
  view: null,
  allowed: undefined,
  withoutStore: false,
})

export const failed = (error: CommandError, detail: string): Seen => ({
  ...plain("error"),
  outcome: { kind: "error", error, detail },
  allowed: false,
})

/** The line that the reason is about; the first one where there is none. */
export const reasonLine = (outcome: Seen["outcome"], lines: readonly Line[]): Line | null => {
  if (outcome.kind !== "refused") return lines[0] ?? null
  const { obstacles } = outcome as Extract<Outcome, { kind: "refused" }>
  const obstacle = obstacles.find(({ reason }) => reason === outcome.reason)
  return obstacle?.kind === "line"
    ? (lines.find(({ account }) => account === obstacle.account) ?? null)
    : null
}
