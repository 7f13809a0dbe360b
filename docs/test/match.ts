/**
 * Compares what was printed with what a page shows, line by line. `…` in a line stands for any characters, a
 * line that is only `…` for any lines.
 *
 * @returns null where they agree, else the first line that differs, for people
 */
export const mismatch = (shown: readonly string[], printed: readonly string[]): string | null => {
  const [first, ...rest] = shown
  if (first === undefined) return printed.length === 0 ? null : `prints more: ${printed[0]}`
  if (first.trim() === "…") {
    for (let skip = 0; skip <= printed.length; skip += 1)
      if (mismatch(rest, printed.slice(skip)) === null) return null
    return `nothing that follows \`…\` is printed: ${rest[0] ?? ""}`
  }
  const [line, ...more] = printed
  if (line === undefined) return `is not printed: ${first}`
  return isLike(first, line) ? mismatch(rest, more) : `shows: ${first}\nprints: ${line}`
}

const isLike = (shown: string, printed: string): boolean =>
  new RegExp(
    `^${shown
      .trimEnd()
      .split("…")
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
      .join(".*")}$`,
  ).test(printed.trimEnd())
