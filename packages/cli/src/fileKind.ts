import type { JsonFile } from "./jsonc.ts"

/** What a file may be that a command reads. */
export type FileKind = "policy" | "fleet" | "scenario"

/**
 * Refuses a file that is plainly of another kind: else each of its fields would be a fault.
 *
 * @param path as the file was given
 * @throws CliError
 */
export const checkKind = (wanted: FileKind, json: JsonFile, path: string): void => {
  if (hasField(json.value, MARKS[wanted])) return
  const found = KINDS.find((kind) => hasField(json.value, MARKS[kind]))
  if (found === undefined) return
  const message = `it is a ${found}, not a ${wanted}; ${mendOf(found, wanted, path)}`
  throw json.complaint([{ path: "", message }])
}

/** The field that a file of the kind must have, and no other kind has. */
const MARKS: Readonly<Record<FileKind, string>> = {
  policy: "budgets",
  fleet: "actors",
  scenario: "steps",
}

const KINDS: readonly FileKind[] = ["policy", "fleet", "scenario"]

const mendOf = (found: FileKind, wanted: FileKind, path: string): string => {
  if (found === "policy") return `put it under \`policy\` of a ${wanted}`
  const command = `spendfuse ${found === "fleet" ? "simulate" : "play"} ${path}`
  const play = `play it with \`${command}\``
  return wanted === "policy"
    ? `${play}, or give what it has under \`policy\` in a file of its own`
    : play
}

const hasField = (value: unknown, name: string): boolean =>
  typeof value === "object" && value !== null && Object.hasOwn(value, name)
