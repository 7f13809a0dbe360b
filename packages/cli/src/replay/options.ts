import type { Policy } from "@spendfuse/core"
import { CliError, type Io } from "../io.ts"
import { readPolicyFile } from "../policyFile.ts"
import type { Columns, Fields } from "./formats/format.ts"

/** A policy file. @throws CliError with every problem, where it stands and the mend */
export const readPolicy = (io: Io, path: string): Policy => readPolicyFile(io, path).policy

/** `COLUMN=field`, each. @throws CliError */
export const columnsOf = (maps: readonly string[]): Columns => {
  const columns = new Map<string, string[]>()
  for (const text of maps) {
    const [column, field] = pairOf("--map", text, "team_id=org")
    columns.set(field, [...(columns.get(field) ?? []), column])
  }
  return Object.fromEntries(columns)
}

/** `field=value`, each. @throws CliError */
export const valuesOf = (sets: readonly string[]): Fields =>
  Object.fromEntries(sets.map((text) => pairOf("--set", text, "model=gpt-5")))

/** A share of 0 to 1 from percent. @throws CliError */
export const shareOf = (flag: string, text: string): number => {
  const percent = Number(text.replace(/\s*%$/, ""))
  if (text.trim() !== "" && percent >= 0 && percent < 100) return percent / 100
  throw new CliError(
    `\`${flag} ${text.slice(0, 40)}\` is not a percentage from 0 to below 100; write e.g. 1`,
  )
}

/** Collects a flag that may be given more than once. */
export const collected = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  value,
]

const pairOf = (flag: string, text: string, example: string): readonly [string, string] => {
  const at = text.lastIndexOf("=")
  if (flag === "--set") {
    const first = text.indexOf("=")
    if (first > 0) return [text.slice(0, first), text.slice(first + 1)]
  } else if (at > 0 && at < text.length - 1) return [text.slice(0, at), text.slice(at + 1)]
  throw new CliError(`\`${flag} ${text.slice(0, 40)}\` is no pair; write e.g. ${flag} ${example}`)
}
