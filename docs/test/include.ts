import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { EXAMPLES, type Snippet, snippetsOf } from "./pages.ts"
import { refreshed } from "./runCommands.ts"

/**
 * The text that `example: NAME` or `example: NAME#REGION` stands for: the file without its region marks, or
 * the lines of the region, moved to the margin.
 *
 * @throws Error where there is no such file or region
 */
export const includedText = (name: string): string => {
  const [file = "", region] = name.split("#")
  const path = join(EXAMPLES, file)
  if (!existsSync(path)) throw new Error(`docs/examples/${file} does not exist`)
  const lines = readFileSync(path, "utf8").trimEnd().split("\n")
  if (region === undefined) return lines.filter((line) => !isMark(line)).join("\n")
  const from = lines.findIndex((line) => line.trim() === `// #region ${region}`)
  const to = lines.findIndex((line, at) => at > from && line.trim() === `// #endregion ${region}`)
  if (from < 0 || to < 0) throw new Error(`docs/examples/${file} has no region \`${region}\``)
  return toMargin(lines.slice(from + 1, to).filter((line) => !isMark(line))).join("\n")
}

/** A page with the blocks that `written by: scripts/docs.mjs` marks as their commands print them now. */
export const withOutputs = async (page: string, markdown: string): Promise<string> => {
  const lines = markdown.split("\n")
  for (const snippet of [...snippetsOf(page, markdown)].reverse()) {
    if (snippet.directive?.[0] !== "written by") continue
    const text = await refreshed(snippet)
    lines.splice(snippet.line, snippet.text.split("\n").length, ...text.split("\n"))
  }
  return lines.join("\n")
}

/** A page with every included block as its file says; other text is left alone. */
export const withIncludes = (page: string, markdown: string): string => {
  const lines = markdown.split("\n")
  for (const snippet of [...snippetsOf(page, markdown)].reverse()) {
    if (snippet.directive?.[0] !== "example") continue
    const old = snippet.text === "" ? 0 : snippet.text.split("\n").length
    lines.splice(snippet.line, old, ...includedText(snippet.directive[1]).split("\n"))
  }
  return lines.join("\n")
}

/** Why an included block is not what its file says, or null. */
export const staleness = ({ directive, text }: Snippet): string | null =>
  directive?.[0] !== "example" || includedText(directive[1]) === text
    ? null
    : `is not what docs/examples/${directive[1]} says; run \`node scripts/docs.mjs\``

const isMark = (line: string): boolean => /^\s*\/\/ #(?:end)?region /.test(line)

const toMargin = (lines: readonly string[]): readonly string[] => {
  const indents = lines.filter((line) => line.trim() !== "").map((line) => line.search(/\S/))
  return lines.map((line) => line.slice(Math.min(...indents)))
}
