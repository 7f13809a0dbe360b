import { type Change, evolve, type Ledger, type Switch } from "@spendfuse/core/domain"
import { encodeText } from "@spendfuse/core/wire"
import type { JournalEntry } from "@spendfuse/store-memory"
import type { ObjectJournal } from "./objectJournal.ts"
import type { Tables } from "./tables.ts"

/** The switches of `*` that are off, under a turn that grows with each that is turned. */
export interface Turned {
  readonly turn: number
  readonly off: readonly TurnedOff[]
}

/** One that is off; `turn` is that at which it was turned. */
export interface TurnedOff extends Switch {
  readonly name: string
  readonly turn: number
}

/** In `*`: keeps the turn of each switch, in the transaction that turns it. */
export const noteTurned = (tables: Tables, changes: readonly Change[]): void => {
  const switched = changes.filter((change) => change.kind === "switch")
  if (switched.length === 0) return
  const turn = turnOf(tables) + 1
  tables.putFact("turn", String(turn))
  for (const { key, value } of switched)
    tables.putTurn(encodeText(key), value === null ? null : turn)
}

/** In `*`: what other divisions must take over. */
export const turnedIn = (tables: Tables, ledger: Ledger): Turned => {
  const turns = tables.turns()
  const off = [...ledger.switches].map(([name, { untilMs }]) => ({
    name,
    untilMs,
    turn: turns.get(encodeText(name)) ?? 0,
  }))
  return { turn: turnOf(tables), off }
}

interface Taking {
  readonly tables: Tables
  readonly ledger: Ledger
  readonly journal: ObjectJournal
  readonly nowMs: number
}

/**
 * In any other division: takes over what was turned in `*` since the last time, unless it has heard of a later turn.
 * What it turned itself meanwhile stays. Nothing is told: `*` has told it.
 */
export const takeOver = (
  { tables, ledger, journal, nowMs }: Taking,
  { turn, off }: Turned,
): void => {
  const before = tables.fact("listed") === null ? -1 : turnOf(tables)
  if (turn <= before) return
  const taken = new Set(takenOf(tables))
  const isOff = new Set(off.map(({ name }) => name))
  const changes: Change[] = [...taken]
    .filter((name) => !isOff.has(name))
    .map((key) => ({ kind: "switch", key, value: null }))
  for (const { name, untilMs, turn: at } of off)
    if (at > before) changes.push({ kind: "switch", key: name, value: { untilMs } })
  tables.atomically(() => {
    const entry: JournalEntry = { kind: "decision", atMs: nowMs, changes, events: [] }
    if (changes.length > 0) journal.append([entry])
    tables.putFact("turn", String(turn))
    tables.putFact(
      "taken",
      JSON.stringify(changes.length === 0 ? [...taken] : namesAfter(taken, changes)),
    )
    tables.putFact("listed", "yes")
  })
  // The ledger follows once it is stored: these changes are no command's.
  evolve(ledger, changes)
}

const namesAfter = (taken: ReadonlySet<string>, changes: readonly Change[]): readonly string[] => {
  const names = new Set(taken)
  for (const change of changes)
    if (change.kind === "switch" && change.value === null) names.delete(change.key)
    else if (change.kind === "switch") names.add(change.key)
  return [...names]
}

const turnOf = (tables: Tables): number => Number(tables.fact("turn") ?? "0")

/** JSON writes any text so that it can be stored. */
const takenOf = (tables: Tables): readonly string[] =>
  JSON.parse(tables.fact("taken") ?? "[]") as readonly string[]
