/** What stands between the cells of a CSV. */
export type Delimiter = "," | ";" | "\t" | "|"

/**
 * Told by the head: what it has most of outside of quotes, a comma where it has none. The rows are not asked: their
 * cells may hold JSON, instants and decimal commas.
 */
export const delimiterOf = (beginning: string): Delimiter => {
  const counts = new Map<string, number>(DELIMITERS.map((one) => [one, 0]))
  let isQuoted = false
  for (const sign of beginning) {
    if (sign === '"') isQuoted = !isQuoted
    if (isQuoted) continue
    if (sign === "\n" || sign === "\r") break
    const count = counts.get(sign)
    if (count !== undefined) counts.set(sign, count + 1)
  }
  const most = Math.max(...counts.values())
  return DELIMITERS.find((one) => counts.get(one) === most) ?? ","
}

const DELIMITERS: readonly Delimiter[] = [",", ";", "\t", "|"]
