import type { OpenStore, PlayedStore } from "@spendfuse/core/testing"
import { fromJson, toJson } from "@spendfuse/core/wire"
import { type Journal, memoryStore, type Snapshot } from "@spendfuse/store-memory"

/** The memory store for a scenario; a restart takes its whole state through JSON. */
export const openMemory: OpenStore = async (nowMs) => opened(nowMs, null)

const opened = (nowMs: () => number, text: string | null): PlayedStore => {
  let latest: Snapshot | null = null
  const journal: Journal = {
    load: () => ({ snapshot: text === null ? null : snapshotOf(text), entries: [] }),
    append: () => undefined,
    wantsSnapshot: () => true,
    snapshot: (snapshot) => {
      latest = snapshot
    },
    close: () => undefined,
  }
  const store = memoryStore({ nowMs, journal })
  return {
    store,
    restart: async () => opened(nowMs, latest === null ? text : toJson(latest)),
  }
}

const snapshotOf = (text: string): Snapshot => {
  const read = fromJson(text)
  if (!read.ok) throw new Error(read.reason)
  return read.value as Snapshot
}
