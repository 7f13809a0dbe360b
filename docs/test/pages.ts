import { readdirSync, readFileSync } from "node:fs"
import { join, relative, sep } from "node:path"
import { fileURLToPath } from "node:url"

/** The repository's root and the folder of the examples. */
export const ROOT: string = fileURLToPath(new URL("../..", import.meta.url))
export const EXAMPLES: string = join(ROOT, "docs", "examples")

/** A fenced block of a page. */
export interface Snippet {
  /** From the root: `docs/tutorials/x.md`. */
  readonly page: string
  /** The line of its opening fence, from 1. */
  readonly line: number
  readonly lang: string
  /** What the comment right above says: `example: openai.ts#call` is `["example", "openai.ts#call"]`. */
  readonly directive: readonly [name: string, value: string] | null
  readonly text: string
}

/** README and all pages but decision records, sorted; paths from the root. */
export const pagesOf = (root: string = ROOT): readonly string[] => {
  const found = readdirSync(join(root, "docs"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".md"))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .filter((path) => !path.includes("node_modules/"))
  return ["README.md", ...found.sort()]
}

export const readPage = (page: string): string => readFileSync(join(ROOT, page), "utf8")

/** Every fenced block of a page, in order. */
export const snippetsOf = (page: string, markdown: string): readonly Snippet[] => {
  const snippets: Snippet[] = []
  const lines = markdown.split("\n")
  let open: { line: number; lang: string; directive: Snippet["directive"] } | null = null
  let text: string[] = []
  for (const [at, line] of lines.entries()) {
    const fence = /^```(\S*)/.exec(line)
    if (fence === null) {
      if (open !== null) text.push(line)
    } else if (open === null) {
      open = { line: at + 1, lang: fence[1] ?? "", directive: directiveOf(lines, at) }
      text = []
    } else {
      snippets.push({ page, ...open, text: text.join("\n") })
      open = null
    }
  }
  if (open !== null) throw new Error(`${page}:${open.line}: the fence is never closed`)
  return snippets
}

/** The comment in the line above the fence, or above one empty line. */
const directiveOf = (lines: readonly string[], at: number): Snippet["directive"] => {
  const line = (lines[at - 1] === "" ? lines[at - 2] : lines[at - 1]) ?? ""
  const match = /^<!-- ([a-z ]+): (.+) -->$/.exec(line.trim())
  return match === null ? null : [match[1] ?? "", match[2] ?? ""]
}
