import type { DomainEvent } from "@spendfuse/core"
import type { Severity } from "../words/message.ts"

/** What a press of the button is about. */
export interface ButtonOf {
  readonly account: string
  readonly generation: number
}

/** How Slack names the button when it is pressed. */
export const ACKNOWLEDGE_ACTION = "spendfuse_acknowledge"

/** Slack's own bound. */
const VALUE_MAX = 2_000

/**
 * The button's value for a message that needs a person; null for another one, and where the account's key does
 * not fit.
 */
export const buttonValueOf = (
  events: readonly DomainEvent[],
  severity: Severity,
  state: "standing" | "probation" | "over",
): string | null => {
  if (state === "over" || (severity !== "critical" && severity !== "error")) return null
  const about = events.findLast((event) => "generation" in event)
  if (about === undefined || !("generation" in about)) return null
  const value = JSON.stringify([about.account, about.generation])
  return value.length > VALUE_MAX ? null : value
}

/** Reads a value that `buttonValueOf` wrote; undefined where it wrote no such value. */
export const readButtonValue = (value: unknown): ButtonOf | undefined => {
  if (typeof value !== "string" || value.length > VALUE_MAX) return undefined
  try {
    const [account, generation, ...more] = JSON.parse(value) as unknown[]
    const isGood =
      typeof account === "string" &&
      Number.isSafeInteger(generation) &&
      Number(generation) >= 0 &&
      more.length === 0
    return isGood ? { account, generation: Number(generation) } : undefined
  } catch {
    return undefined
  }
}
