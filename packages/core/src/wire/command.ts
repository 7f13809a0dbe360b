import type { Command, Line } from "../domain/command.ts"
import type { Terms } from "../domain/terms.ts"
import { type Plain, toPlain } from "./plain.ts"

/** A command for a server that keeps terms by their id: each line names them, and they stand beside it. */
export interface WireCommand {
  readonly command: { readonly [key: string]: Plain | undefined }
  /** By the encoded id; as they are, for `termsToWire`. */
  readonly terms: ReadonlyMap<string, Terms>
}

/**
 * A command as plain data: integers are decimal strings, texts encoded, the terms of a line are their id.
 *
 * @param command one whose form is right (`formProblemOf`)
 */
export const toWire = (command: Command): WireCommand => {
  const terms = new Map<string, Terms>()
  const named = (line: Line): Plain => {
    const id = toPlain(line.terms.id) as string
    terms.set(id, line.terms)
    return { ...(toPlain({ ...line, terms: undefined }) as object), terms: id }
  }
  const plain: Record<string, Plain | undefined> = {}
  for (const [key, value] of Object.entries(command)) {
    if (key === "lines") plain[key] = (value as readonly Line[]).map(named)
    else if (key === "line") plain[key] = value === null ? null : named(value as Line)
    else plain[key] = toPlain(value)
  }
  return { command: plain, terms }
}

/** Terms as plain data, for the server to keep under their id. */
export const termsToWire = (terms: Terms): Plain => toPlain(terms)
