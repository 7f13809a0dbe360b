import type { DomainEvent } from "@spendfuse/core"

/** The version of the JSON below: a field that changes its meaning makes it higher, a new field does not. */
export const EVENT_JSON_VERSION = 1

const AMOUNTS: ReadonlySet<string> = new Set(["settled", "held", "limit", "cap", "level"])

/**
 * An event as machines read it: its own fields, amounts as decimal strings so that no reader rounds them,
 * instants as epoch milliseconds, and the version of this form.
 *
 * @example eventJson(event).settled // => "800000000"
 */
export const eventJson = (event: DomainEvent): Readonly<Record<string, unknown>> => {
  const fields = Object.entries(event).map(([name, value]) => [
    name,
    AMOUNTS.has(name) && typeof value === "number" ? String(value) : value,
  ])
  return { version: EVENT_JSON_VERSION, ...Object.fromEntries(fields) }
}
