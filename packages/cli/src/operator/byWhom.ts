import { randomUUID } from "node:crypto"
import { userInfo } from "node:os"
import { type Command, Option } from "commander"
import { CliError, type Io } from "../io.ts"

/** The flags of each command that changes something. */
export interface HandFlags {
  readonly by?: string
  readonly why?: string
  readonly id?: string
  readonly yes?: boolean
  readonly json?: boolean
}

/** Who does it, why, and under which name a second one does nothing. */
export interface ByWhom {
  readonly by: string
  readonly why: string
  readonly id: string
}

/** Adds the flags of the operator's hand to a command. */
export const withHand = (command: Command): Command =>
  command
    .addOption(
      new Option("--by <name>", "who does it; the name of this machine's user unless given").env(
        "SPENDFUSE_BY",
      ),
    )
    .option("--why <reason>", "why, for the audit; asked for on a terminal")
    .option("--id <id>", "names the command: given again under it, nothing is done twice")
    .option("--yes", "do it without asking")
    .option("--json", "one JSON object; asks nothing, so it needs --yes")

/** @throws CliError where nobody is named, or no reason is given and nobody can be asked */
export const byWhomOf = async (io: Io, flags: HandFlags): Promise<ByWhom> => {
  const by = (flags.by ?? userName()).trim()
  if (by === "") throw new CliError("nobody is named; write `--by NAME`, or set SPENDFUSE_BY")
  const id = flags.id ?? randomUUID()
  if (id.trim() === "") throw new CliError("`--id` is empty; give e.g. `--id incident-42`")
  return { by: short("--by", by, 200), why: await whyOf(io, flags), id: short("--id", id, 200) }
}

/**
 * Asks whether to go on, unless `--yes` says so.
 *
 * @throws CliError where nobody can be asked
 */
export const isConfirmed = async (io: Io, flags: HandFlags, question: string): Promise<boolean> => {
  if (flags.yes === true) return true
  if (io.ask === null || flags.json === true)
    throw new CliError("nobody is at a terminal to be asked; add `--yes` to do it")
  return /^\s*(y|yes)\s*$/i.test(await io.ask(`${question} [y/N] `))
}

const whyOf = async (io: Io, { why, json }: HandFlags): Promise<string> => {
  const given = why ?? (io.ask === null || json === true ? "" : await io.ask("Why? "))
  if (given.trim() !== "") return short("--why", given.trim(), 1_000)
  throw new CliError('no reason is given; write e.g. `--why "the loop is stopped"`')
}

const short = (flag: string, text: string, most: number): string => {
  if (text.length <= most) return text
  throw new CliError(`\`${flag}\` is longer than ${most} characters; write less`)
}

const userName = (): string => {
  try {
    return userInfo().username
  } catch {
    return ""
  }
}
