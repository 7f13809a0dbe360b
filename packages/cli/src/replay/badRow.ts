/** A row of a log that cannot be read: which field, its value, and the mend. */
export class BadRow extends Error {
  override readonly name = "BadRow"
}

/** A log that cannot be read on: why, and the mend. */
export class LogBroken extends Error {
  override readonly name = "LogBroken"
}

/** A value in a sentence: short, and nothing of an object's content. */
export const valueText = (value: unknown): string => {
  if (Array.isArray(value)) return "a list"
  return typeof value === "object" && value !== null ? "an object" : shownText(String(value))
}

/** A log's own text in a sentence: its beginning, and no sign that a terminal would obey. */
export const shownText = (text: string): string => `\`${withoutControls(text.slice(0, 40))}\``

/** Signs that a terminal would obey are replaced. */
export const withoutControls = (text: string): string => text.replace(/\p{Cc}/gu, "\uFFFD")

/** A value as text. @throws BadRow where it is an object or a list, which are no name of anything */
export const textOf = (name: string, value: unknown): string => {
  if (typeof value !== "object" || value === null) return String(value)
  throw new BadRow(
    `\`${name}\` is ${valueText(value)}, not a text; map what is in it: --map COLUMN.NAME=${name}`,
  )
}
