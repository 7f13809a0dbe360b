/** Whether a name is one of these; `*` stands for any text. */
export const anyOf = (patterns: readonly string[]): ((name: string) => boolean) => {
  const plain = new Set(patterns.filter((one) => !one.includes("*")))
  const wild = patterns.filter((one) => one.includes("*")).map((one) => one.split("*"))
  return (name) => plain.has(name) || wild.some((parts) => matches(parts, name))
}

/** No expression of patterns: one that somebody wrote must not take forever. */
const matches = (parts: readonly string[], name: string): boolean => {
  const [first = "", ...rest] = parts
  const last = rest.pop() ?? ""
  if (!name.startsWith(first) || name.length < first.length + last.length) return false
  if (!name.endsWith(last)) return false
  let at = first.length
  for (const part of rest) {
    const found = name.indexOf(part, at)
    if (found < 0 || found + part.length > name.length - last.length) return false
    at = found + part.length
  }
  return true
}
