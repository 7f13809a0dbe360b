import { type Command, type CommandId, IN_FLIGHT_MAX, SOURCE_KEPT_MS } from "./command.ts"
import type { Draft } from "./draft.ts"
import { type Entry, type Ledger, type Source, sourceKey } from "./ledger.ts"
import type { Outcome } from "./outcome.ts"
import type { EpochMs } from "./time.ts"

/** The answer to a command that is known already, or may not be counted; null where it is new. */
export const recall = (ledger: Ledger, command: Command, nowMs: EpochMs): Outcome | null => {
  const { n } = command.id
  const found = ledger.sources.get(sourceKey(command))
  const source = found !== undefined && nowMs - found.lastAtMs < SOURCE_KEPT_MS ? found : undefined
  if (source === undefined)
    return command.done === 0
      ? null
      : error(
          "unknown-source",
          `source \`${command.id.source}\` is not known; go on under a new name`,
        )
  if (n <= source.done) return error("already-answered", `number ${n} was answered before`)
  if (n - Math.max(source.done, command.done) > IN_FLIGHT_MAX)
    return error("invalid-command", `number ${n} is more than ${IN_FLIGHT_MAX} above \`done\``)
  const entry = source.entries.get(n)
  if (entry === undefined) return null
  if (entry.outcome === null)
    return command.kind === "reserve"
      ? error("not-running", "it was released before it came")
      : null
  if (entry.content !== contentOf(command))
    return error("conflict", `number ${n} was used for another command`)
  return { ...entry.outcome, replayed: true }
}

/** Keeps the outcome until the source says that it has it. A refusal is not kept: asking again is asking anew. */
export const remember = (draft: Draft, command: Command, outcome: Outcome): void => {
  const source = pruned(draft, command)
  const entries = new Map(source.entries)
  const ended = entries.get(command.id.n)?.ended ?? null
  if (outcome.kind !== "refused")
    entries.set(command.id.n, { content: contentOf(command), outcome, ended })
  draft.putSource(sourceKey(command), { ...source, entries, lastAtMs: draft.nowMs })
}

/** Marks how a reservation ended on its Reserve's number, while that is unanswered. */
export const markEnded = (
  draft: Draft,
  id: CommandId,
  division: string,
  how: "settled" | "released",
): void => {
  const key = sourceKey({ id, division })
  const source = draft.source(key) ?? { done: 0, lastAtMs: draft.nowMs, entries: new Map() }
  if (id.n <= source.done) return
  const entries = new Map(source.entries)
  const entry: Entry = entries.get(id.n) ?? { content: "", outcome: null, ended: null }
  entries.set(id.n, { ...entry, ended: how })
  draft.putSource(key, { ...source, entries })
}

/** How a reservation ended, while its Reserve is unanswered. */
export const ended = (draft: Draft, id: CommandId, division: string): Entry["ended"] =>
  draft.source(sourceKey({ id, division }))?.entries.get(id.n)?.ended ?? null

/** What makes two commands the same: everything but instants and the cumulative `done`. */
export const contentOf = (command: Command): string =>
  JSON.stringify(command, (key, value: unknown) =>
    key === "done" ||
    key === "swallowed" ||
    key === "period" ||
    key === "terms" ||
    key.endsWith("AtMs")
      ? undefined
      : value,
  )

const pruned = (draft: Draft, command: Command): Source => {
  const source = draft.source(sourceKey(command))
  if (source === undefined || draft.nowMs - source.lastAtMs >= SOURCE_KEPT_MS)
    return { done: command.done, lastAtMs: draft.nowMs, entries: new Map() }
  if (command.done <= source.done) return source
  const entries = new Map([...source.entries].filter(([n]) => n > command.done))
  return { ...source, done: command.done, entries }
}

const error = (
  tag: "unknown-source" | "already-answered" | "invalid-command" | "conflict" | "not-running",
  detail: string,
): Outcome => ({ kind: "error", error: tag, detail })
