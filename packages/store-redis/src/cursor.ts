/** Where a reader of a log stands: in each outbox the number of the last entry that it had. */
export type Places = Readonly<Record<string, string>>

/**
 * What a page's `next` says: the plain number where there is one outbox, else a number for each division
 * that has told something.
 */
export const cursorOf = (places: Places, isOne: boolean): string =>
  isOne ? (places[ONLY] ?? "0") : JSON.stringify(places)

/** @throws RangeError for what is no cursor of this store */
export const placesOf = (cursor: string, isOne: boolean): Places => {
  if (isOne && NUMBER.test(cursor)) return { [ONLY]: cursor }
  if (!isOne) {
    const places = parsed(cursor)
    if (places !== undefined) return places
  }
  throw new RangeError(
    `cursor \`${cursor.slice(0, 100)}\` is none of this store's; use a page's \`next\``,
  )
}

/** The name of the one outbox of a single server. */
export const ONLY = "*"

const NUMBER = /^\d{1,15}$/

const parsed = (cursor: string): Places | undefined => {
  try {
    const value: unknown = JSON.parse(cursor)
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined
    const entries = Object.entries(value)
    if (!entries.every(([, at]) => typeof at === "string" && NUMBER.test(at))) return undefined
    return Object.assign(Object.create(null) as Record<string, string>, value)
  } catch {
    return undefined
  }
}
