import type { CommandId } from "./command.ts"
import { SHARED_DIVISION } from "./subject.ts"

/** Whose numbers count together: one source in one division. */
export const sourceKey = (source: string, division: string): string => {
  if (last === undefined || source !== last.source || division !== last.division)
    last = { source, division, key: `${source.length}:${source}/${division}` }
  return last.key
}

/** The same engine asks again and again: its last key is kept, and is the same whoever asks. */
let last: { readonly source: string; readonly division: string; readonly key: string } | undefined

/** The name of a reservation, for people and events: that of its Reserve. */
export const reservationName = (id: CommandId, division: string): string =>
  division === SHARED_DIVISION ? `${id.source}/${id.n}` : `${id.source}/${id.n}@${division}`
