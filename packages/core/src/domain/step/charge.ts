import type { Charge } from "../command.ts"
import type { Draft } from "../draft.ts"
import { ended, markEnded, mayBeInFlight } from "../once.ts"
import type { Outcome } from "../outcome.ts"
import { move } from "../raise.ts"
import { failed, unknown, unposted } from "./parts.ts"
import { post } from "./settle.ts"

/** Counts after the fact, never refused; `ends` posts what was spent while a Reserve's answer was missing. */
export const charge = (draft: Draft, command: Charge): Outcome => {
  const { ends: id, division, amounts } = command
  if (id === null) return count(draft, command)
  const found = draft.reservation(id, division)
  if (found === undefined) {
    if (ended(draft, id, division) === "settled")
      return failed("not-running", "the reservation was settled; nothing is charged")
    if (!mayBeInFlight(draft, id, division)) return unknown(draft, id, division)
    markEnded(draft, id, division, "released")
    return count(draft, command)
  }
  const skipped = post(draft, found, { actual: amounts, final: true, seq: found.seq })
  if (skipped === null) return unposted(found.lines.map(({ account }) => account))
  markEnded(draft, id, division, "settled")
  return { kind: "charged", skipped }
}

const count = (draft: Draft, { lines, amounts }: Charge): Outcome => {
  const skipped: string[] = []
  for (const line of lines)
    if (draft.keeps(line)) move(draft, line, { settled: amounts[line.terms.unit], held: 0 })
    else skipped.push(line.account)
  return skipped.length === lines.length && skipped.length > 0
    ? unposted(skipped)
    : { kind: "charged", skipped }
}
