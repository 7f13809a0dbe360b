import type { Problem } from "@spendfuse/core"
import {
  findNodeAtLocation,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from "jsonc-parser"
import { CliError, type Io } from "./io.ts"

/** A JSON file as it was read, and where in its text a path of it stands. */
export interface JsonFile {
  readonly value: unknown
  /** The problems of its content, one line each: file, line, column, path, message. */
  readonly complaint: (problems: readonly Problem[]) => CliError
}

/**
 * Reads a JSON file that may have comments and trailing commas.
 *
 * @throws CliError with file, line and column where it is not JSON, or names a field twice
 */
export const readJsonc = (io: Io, path: string): JsonFile => {
  const text = io.read(path)
  const name = path === "-" ? "<stdin>" : path
  const errors: ParseError[] = []
  const root = parseTree(text, errors, { allowTrailingComma: true })
  const [first] = errors
  if (first !== undefined)
    throw new CliError(`${name}:${lineAndColumn(text, first.offset)}: not JSON: ${inWords(first)}`)
  if (root === undefined) throw new CliError(`${name}:1:1: not JSON: the file is empty`)
  const twice = repeated(root)
  if (twice !== null)
    throw new CliError(
      `${name}:${lineAndColumn(text, twice.offset)}: field \`${String(twice.value)}\` is written twice; remove one`,
    )
  return {
    value: contentOf(root),
    complaint: (problems) =>
      new CliError(
        problems
          .map(({ path: field, message }) => {
            const at = lineAndColumn(text, offsetOf(root, field))
            return `${name}:${at}: ${field === "" ? "" : `${field}: `}${message}`
          })
          .join("\n"),
      ),
  }
}

const inWords = (error: ParseError): string =>
  printParseErrorCode(error.error)
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase()

/** `12:9`, counted from 1. */
const lineAndColumn = (text: string, offset: number): string => {
  const before = text.slice(0, offset).split("\n")
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`
}

/** Where a path stands; what is missing is said at what lacks it. */
const offsetOf = (root: Node, path: string): number => {
  const segments = segmentsOf(path)
  for (let length = segments.length; length > 0; length -= 1) {
    const node = findNodeAtLocation(root, segments.slice(0, length))
    if (node === undefined) continue
    return (node.parent?.type === "property" ? node.parent : node).offset
  }
  return root.offset
}

/** The parts of `budgets[1].tiers[0]["odd name"]`. */
const segmentsOf = (path: string): (string | number)[] =>
  [...path.matchAll(/\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|([^.[\]]+)/g)].map(
    ([, index, quoted, name]) => {
      if (index !== undefined) return Number(index)
      return quoted === undefined ? (name ?? "") : (JSON.parse(quoted) as string)
    },
  )

/** The second key of a name in one object: a reader would take one of them, and no one knows which. */
const repeated = (root: Node): Node | null => {
  const waiting: Node[] = [root]
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (node.type === "object") {
      const seen = new Set<unknown>()
      for (const property of node.children ?? []) {
        const [key] = property.children ?? []
        if (key === undefined) continue
        if (seen.has(key.value)) return key
        seen.add(key.value)
      }
    }
    waiting.push(...[...(node.children ?? [])].reverse())
  }
  return null
}

/** The value of a tree; `__proto__` is a field like any other. */
const contentOf = (node: Node): unknown => {
  if (node.type === "array") return (node.children ?? []).map(contentOf)
  if (node.type !== "object") return node.value as unknown
  const value: Record<string, unknown> = {}
  for (const { children } of node.children ?? []) {
    const [key, inner] = children ?? []
    if (key === undefined || inner === undefined) continue
    Object.defineProperty(value, String(key.value), {
      value: contentOf(inner),
      enumerable: true,
      configurable: true,
      writable: true,
    })
  }
  return value
}
