import type { Release } from "../command.ts"
import type { Draft } from "../draft.ts"
import { ended, markEnded, mayBeInFlight } from "../once.ts"
import type { Outcome } from "../outcome.ts"
import { failed, unknown } from "./parts.ts"
import { post } from "./settle.ts"

/** The call did not happen: gives back what is still held; what was settled stays. */
export const release = (draft: Draft, command: Release): Outcome => {
  const { reservation: id, division } = command
  const found = draft.reservation(id, division)
  if (found === undefined) {
    if (ended(draft, id, division) !== null)
      return failed("not-running", "the reservation has ended")
    if (!mayBeInFlight(draft, id, division)) return unknown(draft, id, division)
    markEnded(draft, id, division, "released")
    return { kind: "released" }
  }
  const { actual, seq } = found
  if (post(draft, found, { actual, final: true, seq }) === null) draft.endReservation(found)
  markEnded(draft, id, division, "released")
  return { kind: "released" }
}
