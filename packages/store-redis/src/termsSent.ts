import type { Command, Line, Terms } from "@spendfuse/core/domain"
import { termsKeyOf } from "./termsKey.ts"

/**
 * Which terms this process has sent to a base lately. The server keeps them longer than they are believed
 * to be there, and says where it has not got them.
 */
export class TermsSent {
  readonly #sent = new Map<string, number>()
  /** Lists of lines whose terms are all there, at which base, and until when that is believed. */
  readonly #lists = new WeakMap<
    readonly Line[],
    { readonly base: string; readonly untilMs: number }
  >()

  /** Whether none must go with the command. */
  hasAll(base: string, command: Command, nowMs: number): boolean {
    if (!("lines" in command)) return this.missing(base, command, nowMs).length === 0
    const known = this.#lists.get(command.lines)
    if (known !== undefined && known.base === base && nowMs < known.untilMs) return true
    if (this.missing(base, command, nowMs).length > 0) return false
    this.#lists.set(command.lines, { base, untilMs: nowMs + LISTS_MS })
    return true
  }

  /** Those of the command whose bodies must go with it. */
  missing(base: string, command: Command, nowMs: number): readonly Terms[] {
    const missing: Terms[] = []
    for (const terms of termsOf(command)) {
      const atMs = this.#sent.get(base + termsKeyOf(terms))
      if (atMs === undefined || nowMs - atMs >= AGAIN_MS) missing.push(terms)
    }
    return missing
  }

  /** They were sent, and the server answered. */
  arrived(base: string, terms: readonly Terms[], nowMs: number): void {
    if (this.#sent.size >= SENT_MAX) this.#sent.clear()
    for (const one of terms) this.#sent.set(base + termsKeyOf(one), nowMs)
  }
}

/** The terms that a command's lines name, each once. */
export const termsOf = (command: Command): readonly Terms[] => {
  const lines =
    "lines" in command ? command.lines : "line" in command && command.line ? [command.line] : []
  const [first] = lines
  if (lines.length === 1 && first !== undefined) return [first.terms]
  return [...new Map(lines.map(({ terms }) => [terms.id, terms])).values()]
}

const AGAIN_MS = 12 * 3_600_000
/** Longer than this they are looked up one by one. */
const LISTS_MS = 60_000
const SENT_MAX = 50_000
