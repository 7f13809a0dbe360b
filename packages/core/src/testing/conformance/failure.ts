import type { Command } from "../../domain/command.ts"
import { canonical } from "./compare.ts"
import { LAWS, type LawId } from "./laws.ts"
import type { Batch } from "./plan.ts"

/** A store and the core came to different things. */
export class Differs extends Error {
  override readonly name = "Differs"

  /** @param command null where it is not about one */
  constructor(command: Command | null, what: string, expected: unknown, actual: unknown) {
    const of = command === null ? "" : ` of ${nameOf(command)}`
    super(`${what}${of} differs\n${differences(expected, actual).join("\n")}`)
  }
}

const PLACES_MAX = 6

/** Where two values part, with what each has there. */
const differences = (expected: unknown, actual: unknown, place = ""): readonly string[] => {
  if (canonical(expected) === canonical(actual)) return []
  if (!isTree(expected) || !isTree(actual) || Array.isArray(expected) !== Array.isArray(actual)) {
    const at = place === "" ? "" : `at ${place.replace(/^\./, "")} `
    return [`  ${at}core:  ${shown(expected)}`, `  ${at}store: ${shown(actual)}`]
  }
  const isList = Array.isArray(expected)
  const names = [...new Set([...Object.keys(expected), ...Object.keys(actual)])]
  return names
    .flatMap((name) =>
      differences(expected[name], actual[name], isList ? `${place}[${name}]` : `${place}.${name}`),
    )
    .slice(0, PLACES_MAX)
}

const isTree = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

/** What a law found, and how to find it again. */
export interface Finding {
  readonly law: LawId
  /** What the walk rejected with. */
  readonly error: unknown
  readonly batches: readonly Batch[]
  /** Histories in the store when it failed; 1 where it fails by itself. */
  readonly together: number
  readonly seed: number
  readonly path: string
  readonly runs: number
  readonly shrinks: number
}

/** A store breaks a law: which, where, and what to send again to see it. */
export class Convicted extends Error {
  override readonly name = "Convicted"
  readonly finding: Finding

  constructor(finding: Finding) {
    const { law, error, batches, together, seed, path, runs, shrinks } = finding
    const among =
      together === 1
        ? ""
        : `\nonly after ${together - 1} other histories in the same store: repeat it with this seed, without the path`
    super(
      [
        `${law} ${LAWS[law]}`,
        `${error instanceof Error ? error.message : String(error)}${among}`,
        `history ${runs}, made smaller ${shrinks} times; again with seed: ${seed}, path: "${path}"`,
        linesOfPlan(batches),
      ].join("\n"),
      { cause: error },
    )
    this.finding = finding
  }
}

/** The batches as lines of JSON, to be read and sent again. */
export const linesOfPlan = (batches: readonly Batch[]): string => {
  const first = batches[0]?.atMs ?? 0
  return batches
    .map(({ atMs, commands }) =>
      [
        `  at +${atMs - first} ms (${atMs})`,
        ...commands.map((command) => `    ${shown(withoutTerms(command))}`),
      ].join("\n"),
    )
    .join("\n")
}

const nameOf = ({ id, division, kind }: Command): string =>
  `${kind} ${JSON.stringify(id.source)}#${id.n} in ${JSON.stringify(division)}`

const shown = (value: unknown): string => {
  const text = canonical(value)
  return text.length > 4_000 ? `${text.slice(0, 4_000)}…` : text
}

/** Terms are long and the same again and again: their tiers say enough. */
const withoutTerms = (command: Command): unknown => {
  const bare = (line: object): object =>
    "terms" in line ? { ...line, terms: tiersOf(line.terms as { tiers: unknown }) } : line
  if ("lines" in command) return { ...command, lines: command.lines.map(bare) }
  return "line" in command && command.line !== null
    ? { ...command, line: bare(command.line) }
    : command
}

const tiersOf = ({ tiers }: { readonly tiers: unknown }): unknown => tiers
