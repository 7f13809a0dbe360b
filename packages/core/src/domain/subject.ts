/** Who spends: a value per dimension. Values are opaque: any string is as good as any other. */
export type Subject = Readonly<Record<string, string>>

/** The dimension with the one value `all`, always implied. */
export const PLATFORM = "platform"
/** The one value of the dimension that every request has. */
export const PLATFORM_VALUE = "all"

/** The division of everything that no org (or other `partitionBy` value) owns. */
export const SHARED_DIVISION = "*"

/** The value of a dimension, or `undefined` where the subject does not name it; safe for `__proto__`. */
export const dimensionValue = (subject: Subject, dimension: string): string | undefined => {
  if (dimension === PLATFORM) return PLATFORM_VALUE
  const value: unknown = Object.hasOwn(subject, dimension) ? subject[dimension] : undefined
  return typeof value === "string" ? value : undefined
}

/**
 * The key of an account: a function of the budget's id and the values of its `per` alone. All values
 * but the last carry their length, so that no two lists of values meet in one key.
 *
 * @example accountKey("key-hour", ["k1"]) // => "key-hour/k1"
 */
export const accountKey = (budget: string, values: readonly string[]): string => {
  const parts = [budget]
  const last = values.length - 1
  for (let i = 0; i < last; i += 1) parts.push(`${values[i]?.length}:${values[i]}`)
  parts.push(values[last] ?? "")
  // Joined, not added: a string that is kept for every account must not hold on to its parts.
  return parts.join("/")
}

/** The budget's id of an account key. */
export const budgetOf = (account: string): string => account.slice(0, account.indexOf("/"))

/** The key of an operator's switch on one subject value. */
export const switchKey = (dimension: string, value: string): string => `${dimension}=${value}`
