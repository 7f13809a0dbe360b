/** Where a reader of a log stands: a cursor of each division that has one. */
export type Places = Map<string, string>

export const cursorOf = (places: Places): string => JSON.stringify([...places])

/** @throws RangeError for what is no cursor of this store */
export const placesOf = (cursor: string | undefined): Places => {
  if (cursor === undefined) return new Map()
  const places = parsed(cursor)
  if (places !== null) return places
  throw new RangeError(
    `cursor \`${cursor.slice(0, 100)}\` is none of this store's; use a page's \`next\``,
  )
}

const parsed = (cursor: string): Places | null => {
  try {
    const pairs: unknown = JSON.parse(cursor)
    return Array.isArray(pairs) && pairs.every(isPair) ? new Map(pairs) : null
  } catch {
    return null
  }
}

const isPair = (pair: unknown): pair is [string, string] =>
  Array.isArray(pair) && pair.length === 2 && pair.every((item) => typeof item === "string")
