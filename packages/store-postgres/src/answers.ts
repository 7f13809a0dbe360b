import type { Command } from "@spendfuse/core/domain"
import { type Applied, StoreCorrupt } from "@spendfuse/core/ports"
import { fromPlain, outcomeFromWire } from "@spendfuse/core/wire"
import { faultOf, NAME } from "./errors.ts"

/** What became of one command. */
export type Answer = { readonly applied: Applied } | { readonly fault: Error }

/** What `spendfuse_step` answers; without `answers` where it lacks terms or plans. */
export interface Told {
  readonly now?: string
  readonly quick?: Quick | null
  readonly places?: readonly number[]
  readonly answers?: readonly unknown[]
}

/** Columns with one place for each command that was applied as a set; null where there is none. */
interface Quick {
  readonly at: readonly number[]
  readonly granted: readonly (number | null)[]
  readonly done: readonly number[]
  readonly rank: readonly (number | null)[]
  readonly refused: readonly unknown[]
}

/**
 * An answer that cannot be read is its command's alone: the others were applied as well.
 *
 * @throws StoreCorrupt where a command has no answer
 */
export const answersOf = (told: Told, commands: readonly Command[]): readonly Answer[] => {
  const answers = new Array<Answer | undefined>(commands.length)
  const { quick, places = [], answers: others = [], now } = told
  const put = (place: number | undefined, read: (command: Command) => Applied): void => {
    const command = commands[(place ?? 0) - 1]
    if (command !== undefined) answers[(place ?? 0) - 1] = answerOf(() => read(command))
  }
  for (const [at, place] of (quick?.at ?? []).entries())
    put(place, (command) => quickly(quick as Quick, at, Number(now), command))
  for (const [at, plain] of others.entries())
    put(places[at], (command) => appliedOf(plain, command))
  if (answers.includes(undefined))
    throw new StoreCorrupt(NAME, "the step did not answer each command")
  return answers as readonly Answer[]
}

const answerOf = (read: () => Applied): Answer => {
  try {
    return { applied: read() }
  } catch (error) {
    return { fault: faultOf(error) }
  }
}

const quickly = (quick: Quick, at: number, storeTimeMs: number, command: Command): Applied => {
  const rank = quick.rank[at] ?? null
  const outcome = outcomeAt(quick, at, command)
  const applied = { outcome, eventsWritten: 0, storeTimeMs, done: quick.done[at] ?? 0 }
  return rank === null ? applied : { ...applied, rank }
}

const outcomeAt = (quick: Quick, at: number, command: Command): Applied["outcome"] => {
  const refused = quick.refused[at] ?? null
  if (refused !== null) return outcomeOf(refused, command)
  if (command.kind === "settle") return { kind: "settled", drain: false, skipped: [] }
  return { kind: "reserved", granted: quick.granted[at] ?? 0 }
}

const appliedOf = (answer: unknown, command: Command): Applied => {
  const { outcome: plain, ...rest } = (answer ?? {}) as { readonly outcome?: unknown }
  const outcome = outcomeOf(plain, command)
  const read = fromPlain(rest)
  if (!read.ok) throw new StoreCorrupt(NAME, read.reason)
  const { events, time, done, rank } = read.value as Numbers
  const applied = { outcome, eventsWritten: events, storeTimeMs: time, done }
  return rank === undefined ? applied : { ...applied, rank }
}

const outcomeOf = (plain: unknown, command: Command): Applied["outcome"] => {
  const outcome = outcomeFromWire(plain, command)
  if (!outcome.ok) throw new StoreCorrupt(NAME, outcome.reason)
  return outcome.value
}

interface Numbers {
  readonly events: number
  readonly time: number
  readonly done: number
  readonly rank?: number
}
