import type { Store } from "../ports/Store.ts"
import { fromJson, toJson } from "../wire/json.ts"
import type { OpenStore, PlayedStore } from "./world.ts"

/** What a store in memory keeps its whole state in; each snapshot takes the place of the one before. */
export interface PlayedJournal<Snapshot> {
  readonly load: () => { readonly snapshot: Snapshot | null; readonly entries: readonly never[] }
  readonly append: () => void
  readonly wantsSnapshot: () => boolean
  readonly snapshot: (snapshot: Snapshot) => void
  readonly close: () => void
}

/** Makes a store in memory over a clock (epoch milliseconds) and a journal: `memoryStore` is one. */
export type MakeMemory<Snapshot> = (options: {
  readonly nowMs: () => number
  readonly journal: PlayedJournal<Snapshot>
}) => Store

/**
 * Opens stores in memory for `play`; a restart takes the whole state through JSON.
 *
 * @example play(scenario, playedMemory(memoryStore))
 */
export const playedMemory = <Snapshot>(makeMemory: MakeMemory<Snapshot>): OpenStore => {
  const open: OpenStore = async (nowMs) => opened(makeMemory, nowMs, null)
  return open
}

const opened = <Snapshot>(
  makeMemory: MakeMemory<Snapshot>,
  nowMs: () => number,
  text: string | null,
): PlayedStore => {
  let latest: Snapshot | null = null
  const journal: PlayedJournal<Snapshot> = {
    load: () => ({ snapshot: text === null ? null : snapshotOf<Snapshot>(text), entries: [] }),
    append: () => undefined,
    wantsSnapshot: () => true,
    snapshot: (snapshot) => {
      latest = snapshot
    },
    close: () => undefined,
  }
  return {
    store: makeMemory({ nowMs, journal }),
    restart: async () => opened(makeMemory, nowMs, latest === null ? text : toJson(latest)),
  }
}

const snapshotOf = <Snapshot>(text: string): Snapshot => {
  const read = fromJson(text)
  if (!read.ok) throw new Error(read.reason)
  return read.value as Snapshot
}
