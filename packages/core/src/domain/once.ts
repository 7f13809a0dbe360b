import { type Command, type CommandId, IN_FLIGHT_MAX, SOURCE_KEPT_MS } from "./command.ts"
import type { Answered, Draft } from "./draft.ts"
import type { Entry, Ledger, Source } from "./ledger.ts"
import type { Outcome } from "./outcome.ts"
import { sourceKey } from "./source.ts"
import type { EpochMs } from "./time.ts"

/** The source of a command; undefined where nobody named it, or it was silent for a day: it starts anew. */
export const sourceOf = (ledger: Ledger, command: Command, nowMs: EpochMs): Source | undefined => {
  const found = ledger.sources.get(sourceKey(command.id.source, command.division))
  return found !== undefined && nowMs - found.lastAtMs < SOURCE_KEPT_MS ? found : undefined
}

/** The answer to a command that is known already, or may not be counted; null where it is new. */
export const recall = (source: Source | undefined, command: Command): Outcome | null => {
  const { n } = command.id
  if (source === undefined || !source.isKnown) {
    if (command.done === 0) return source === undefined ? null : recallEntry(source, command)
    const detail = `source \`${command.id.source}\` is not known; go on under a new name`
    return error("unknown-source", detail)
  }
  if (n <= source.done) return error("already-answered", `number ${n} was answered before`)
  if (n - Math.max(source.done, command.done) > IN_FLIGHT_MAX)
    return error("invalid-command", `number ${n} is more than ${IN_FLIGHT_MAX} above \`done\``)
  return recallEntry(source, command)
}

const recallEntry = (source: Source, command: Command): Outcome | null => {
  const { n } = command.id
  const entry = source.entries.get(n)
  if (entry === undefined) return null
  if (entry.outcome === null)
    return command.kind === "reserve"
      ? error("not-running", "it was released before it came")
      : null
  if (entry.command === null || contentOf(entry.command) !== contentOf(command))
    return error("conflict", `number ${n} was used for another command`)
  return { ...entry.outcome, replayed: true }
}

/** Keeps the outcome until the source says that it has it. A refusal is not kept: asking again is asking anew. */
export const remember = (draft: Draft, command: Command, outcome: Outcome): void => {
  draft.mark(
    answered(
      draft.ledger,
      command,
      outcome,
      draft.nowMs,
      draft.endOf(sourceKey(command.id.source, command.division), command.id.n),
    ),
  )
}

export const answered = (
  ledger: Ledger,
  command: Command,
  outcome: Outcome,
  nowMs: EpochMs,
  ended: Entry["ended"],
): Answered => {
  return {
    kind: "answered",
    key: sourceKey(command.id.source, command.division),
    n: command.id.n,
    done: command.done,
    atMs: nowMs,
    fresh: sourceOf(ledger, command, nowMs)?.isKnown !== true,
    entry: outcome.kind === "refused" ? null : { command, outcome, ended },
  }
}

/** Marks how a reservation ended on its Reserve's number, while that is unanswered. */
export const markEnded = (
  draft: Draft,
  id: CommandId,
  division: string,
  how: "settled" | "released",
): void => {
  const source = sourceAt(draft, id, division)
  if (source !== undefined && id.n <= source.done) return
  const key = sourceKey(id.source, division)
  const fresh = source === undefined
  draft.mark({ kind: "marked", key, n: id.n, atMs: draft.nowMs, fresh, ended: how })
}

/** How a reservation ended, while its Reserve is unanswered. */
export const ended = (draft: Draft, id: CommandId, division: string): Entry["ended"] =>
  sourceAt(draft, id, division)?.entries.get(id.n)?.ended ?? null

/** Whether the number can be one in flight: at most 1,024 above what its source has answered. */
export const mayBeInFlight = (draft: Draft, id: CommandId, division: string): boolean => {
  const source = sourceAt(draft, id, division)
  if (source === undefined) return true
  return source.isKnown ? id.n - source.done <= IN_FLIGHT_MAX : source.entries.size < IN_FLIGHT_MAX
}

/** The source of a reservation, as it stands before this command. */
const sourceAt = (
  { ledger, nowMs }: Draft,
  id: CommandId,
  division: string,
): Source | undefined => {
  const source = ledger.sources.get(sourceKey(id.source, division))
  return source !== undefined && nowMs - source.lastAtMs < SOURCE_KEPT_MS ? source : undefined
}

/** What makes two commands the same: everything but instants and the cumulative `done`. */
export const contentOf = (command: Command): string =>
  JSON.stringify(command, (key, value: unknown) =>
    key === "done" ||
    key === "swallowed" ||
    key === "period" ||
    key === "terms" ||
    key === "untilMs" ||
    key.endsWith("AtMs")
      ? undefined
      : value,
  )

const error = (
  tag: "unknown-source" | "already-answered" | "invalid-command" | "conflict" | "not-running",
  detail: string,
): Outcome => ({ kind: "error", error: tag, detail })
