/** A row of a log that cannot be read: which field, its value, and the mend. */
export class BadRow extends Error {
  override readonly name = "BadRow"
}

/** A value in a sentence: short, and nothing of an object's content. */
export const valueText = (value: unknown): string =>
  typeof value === "object" && value !== null ? "an object" : `\`${String(value).slice(0, 40)}\``
