import type { Command, Line } from "@spendfuse/core/domain"
import { fromJson, toJson } from "@spendfuse/core/wire"
import type { SentCommand } from "./calls.ts"

const LINES_KEPT = 2_048

/** Writes commands; lists of lines that come again are written once. */
export class SendingLines {
  readonly #texts = new WeakMap<readonly Line[], string>()

  /** @throws RangeError where a command of one division has lines of another */
  sent(command: Command): SentCommand {
    if (!("lines" in command)) return command
    return { ...command, lines: this.#textOf(command.lines, command.division) }
  }

  #textOf(lines: readonly Line[], division: string): string {
    const known = this.#texts.get(lines)
    if (known !== undefined) return known
    const stray = lines.find((line) => line.division !== division)
    if (stray !== undefined)
      throw new RangeError(
        `a command of division \`${division.slice(0, 60)}\` has a line in \`${stray.division.slice(0, 60)}\`; give the budget a lease`,
      )
    const text = toJson(lines)
    this.#texts.set(lines, text)
    return text
  }
}

/** Reads commands; equal lists of lines are one and the same, which the step knows again. */
export class ReadLines {
  readonly #lines = new Map<string, readonly Line[]>()

  /** @throws SyntaxError for what nobody sent */
  read(sent: SentCommand): Command {
    if (!("lines" in sent)) return sent
    return { ...sent, lines: this.#linesOf(sent.lines) }
  }

  #linesOf(text: string): readonly Line[] {
    const known = this.#lines.get(text)
    if (known !== undefined) return known
    const read = fromJson(text)
    if (!read.ok || !Array.isArray(read.value)) throw new SyntaxError("a command has no lines")
    if (this.#lines.size >= LINES_KEPT) this.#lines.clear()
    this.#lines.set(text, read.value as readonly Line[])
    return read.value as readonly Line[]
  }
}
