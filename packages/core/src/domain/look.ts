import { moveByTime } from "./circuit.ts"
import type { Draft } from "./draft.ts"
import { escalate } from "./escalation.ts"
import type { Account } from "./ledger.ts"
import { endPeriods } from "./periodEnd.ts"

/**
 * What time has done to an account, told and written by the first command that looks at it: a circuit whose
 * time is over moves, a latch that nobody acknowledged goes on to its next channels, periods that are over end.
 */
export const look = (draft: Draft, account: Account): Account =>
  endPeriods(draft, escalate(draft, moveByTime(draft, account)))
