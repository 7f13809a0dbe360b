/** Characters of a line that are kept. */
const KEPT_MAX = 64 * 1_048_576 + 1

/**
 * The lines of a text that comes in parts, without their ends (LF or CRLF); a last one without an end counts, what
 * follows the last end does not. A byte-order mark at the start is no text, and of a line beyond 64 MiB the beginning
 * is kept: memory is bounded by one line.
 */
export const splitLines = async function* (
  parts: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>,
): AsyncIterable<string> {
  const decoder = new TextDecoder()
  let line = ""
  let isOpen = false
  let isFirst = true
  for await (const part of parts) {
    const text = typeof part === "string" ? part : decoder.decode(part, { stream: true })
    let from = isFirst && text.startsWith("\uFEFF") ? 1 : 0
    if (text !== "") isFirst = false
    for (let end = text.indexOf("\n", from); end >= 0; end = text.indexOf("\n", from)) {
      yield withoutCr(kept(line, text.slice(from, end)))
      line = ""
      isOpen = false
      from = end + 1
    }
    if (from >= text.length) continue
    line = kept(line, text.slice(from))
    isOpen = true
  }
  if (isOpen) yield withoutCr(line)
}

const kept = (line: string, more: string): string => {
  if (line.length >= KEPT_MAX) return line
  return line.length + more.length <= KEPT_MAX ? line + more : (line + more).slice(0, KEPT_MAX)
}

const withoutCr = (line: string): string => (line.endsWith("\r") ? line.slice(0, -1) : line)
