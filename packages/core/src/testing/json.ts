/** An object of a scenario file; not a list, not null. */
export type Json = Readonly<Record<string, unknown>>

/** The value as an object, or null where it is none. */
export const record = (value: unknown): Json | null =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : null
