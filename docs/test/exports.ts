import { existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { ROOT } from "./pages.ts"

/** One export of an entry, with the first sentence of its docstring. */
export interface Exported {
  readonly name: string
  readonly kind: string
  readonly says: string
}

/** The published entries: of each package's export map, the specifier and its source. */
export const entries = (): readonly (readonly [specifier: string, source: string])[] =>
  [
    "core",
    "store-memory",
    "store-redis",
    "store-postgres",
    "store-durable-object",
    "adapters",
  ].flatMap((folder) => {
    const path = join(ROOT, "packages", folder, "package.json")
    const { name, exports } = JSON.parse(readFileSync(path, "utf8")) as {
      name: string
      exports: Record<string, Record<string, string> | string>
    }
    return Object.entries(exports).flatMap(([entry, target]) => {
      const source = typeof target === "string" ? undefined : target["@spendfuse/source"]
      const found = source === undefined ? "" : join(dirname(path), source)
      return existsSync(found) && found.endsWith(".ts")
        ? [[join(name, entry).replaceAll("\\", "/"), found] as const]
        : []
    })
  })

const REEXPORT = /^export (type )?\{([^}]*)\} from "([^"]+)"/gm

/** What a module exports, by its own text: our sources re-export by name or by star, and declare plainly. */
export const exportsOf = (path: string): readonly Exported[] => {
  const text = readFileSync(path, "utf8")
  const found: Exported[] = []
  for (const [, typed, list = "", from] of text.matchAll(REEXPORT)) {
    const all = exportsOf(sourceOf(path, from ?? ""))
    for (const part of list.split(",")) {
      const isType = typed !== undefined || part.trim().startsWith("type ")
      const [inner, outer] = part
        .trim()
        .replace(/^type /, "")
        .split(" as ")
      const one = all.find(({ name }) => name === inner)
      if (one !== undefined)
        found.push({ ...one, name: outer ?? one.name, ...(isType && { kind: "type" }) })
      else if (part.trim() !== "") throw new Error(`${path}: \`${inner}\` is not found in ${from}`)
    }
  }
  for (const [, from] of text.matchAll(/^export \* from "([^"]+)"/gm))
    found.push(...exportsOf(sourceOf(path, from ?? "")))
  const declared =
    /(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n)?^export (?:declare |async |abstract )*(const|function|class|interface|type|enum) (\w+)/gm
  for (const [, doc = "", kind = "", name = ""] of text.matchAll(declared))
    found.push({
      name,
      kind: kind === "const" ? valueKind(text, name) : kind === "interface" ? "type" : kind,
      says: firstSentence(doc),
    })
  return found.sort((one, other) => (one.name < other.name ? -1 : 1))
}

const sourceOf = (path: string, from: string): string =>
  from.startsWith(".")
    ? join(dirname(path), from)
    : (entries().find(([specifier]) => specifier === from)?.[1] ?? from)

const valueKind = (text: string, name: string): string =>
  new RegExp(`export const ${name}\\b[^\\n]*(?:=>|= \\($|= <|= async)`, "m").test(text)
    ? "function"
    : "value"

const firstSentence = (doc: string): string => {
  const text = doc
    .split("\n")
    .map((line) => line.replace(/^\s*\*? ?/, ""))
    .join(" ")
    .replace(/\s+/g, " ")
    .trim()
    .split(" @")[0]
  return /^.*?[.:](?= |$)/.exec(text ?? "")?.[0] ?? text ?? ""
}

/** docs/reference/api.md, made of the sources. */
export const apiPage = (): string => {
  const parts = entries().map(([specifier, source]) => {
    const items = exportsOf(source).map(({ name, kind, says }) =>
      `- \`${name}\` (${kind}) ${says}`.trimEnd(),
    )
    return [`## ${specifier}`, "", ...items].join("\n")
  })
  return `# API

What each entry exports. Units, errors and shapes are in the docstrings, which editors show.
Made by \`node scripts/docs.mjs\` from the sources.

${parts.join("\n\n")}
`
}
