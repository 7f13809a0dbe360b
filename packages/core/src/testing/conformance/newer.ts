import type { Command } from "../../domain/command.ts"
import type { Account } from "../../domain/ledger.ts"
import { MINUTE_MS } from "../../domain/time.ts"
import type { Desk } from "./desk.ts"
import { Differs } from "./failure.ts"
import type { History } from "./history.ts"
import { planned } from "./lockstep.ts"
import { historyOf } from "./moves.ts"
import type { Proof } from "./prove.ts"

/**
 * C5. An account is written over as a newer version would, or all is marked as one's: whoever meets it says
 * so. What is not met goes on, or is refused in the same way.
 */
export const newerVersion: Proof<History> = {
  id: "C5",
  part: 0.5,
  alone: true,
  cases: historyOf(),
  walk: async (desk, history) => {
    const { batches, accounts } = planned(desk, history)
    for (const batch of batches) await desk.take(batch, accounts)
    const kept = await desk.store.read(accounts)
    const found = kept.flatMap(({ account }) => account ?? [])[0]
    if (found === undefined) return
    await desk.options.corrupt?.(desk.played, found)
    await desk.restart()
    await mustBeCorrupt("read", desk.store.read([found.key]))
    await mustBeCorrupt("apply", desk.store.apply([trippedBy(found)]))
    await judgeOthers(
      desk,
      accounts.filter((key) => key !== found.key),
    )
  },
}

/** An operator's hand looks at its account whatever else is there. */
const trippedBy = ({ key, division }: Account): Command => ({
  id: { source: "after it", n: 1 },
  done: 0,
  division,
  kind: "trip",
  account: key,
  coolDownMs: MINUTE_MS,
  by: "ann",
  why: "law",
})

const judgeOthers = async (desk: Desk, others: readonly string[]): Promise<void> => {
  const refused = await desk.store.read(others).then(
    () => null,
    (error: unknown) => error,
  )
  if (refused instanceof Error && refused.name === "StoreCorrupt") return
  await desk.trial.judgeAccounts(desk.store, others, desk.nowMs)
  await desk.hear([])
}

const mustBeCorrupt = async (what: string, called: Promise<unknown>): Promise<void> => {
  const said = await called.catch((error: unknown) =>
    error instanceof Error ? error.name : String(error),
  )
  if (said !== "StoreCorrupt")
    throw new Differs(null, `what ${what} says of a newer version's record`, "StoreCorrupt", said)
}
