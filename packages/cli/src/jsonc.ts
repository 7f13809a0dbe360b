import { type ParseError, parse, printParseErrorCode } from "jsonc-parser"
import { CliError, type Io } from "./io.ts"

/**
 * Reads a JSON file that may have comments and trailing commas.
 *
 * @throws CliError with file, line and column where it is not JSON
 */
export const readJsonc = (io: Io, path: string): unknown => parseJsonc(io.read(path), path)

export const parseJsonc = (text: string, path: string): unknown => {
  const errors: ParseError[] = []
  const value: unknown = parse(text, errors, { allowTrailingComma: true })
  const [first] = errors
  if (first === undefined) return value
  const before = text.slice(0, first.offset).split("\n")
  const line = before.length
  const column = (before.at(-1)?.length ?? 0) + 1
  throw new CliError(`${path}:${line}:${column}: not JSON: ${printParseErrorCode(first.error)}`)
}
