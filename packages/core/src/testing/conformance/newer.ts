import type { Command } from "../../domain/command.ts"
import type { Store } from "../../ports/Store.ts"
import { Differs } from "./failure.ts"
import type { History } from "./history.ts"
import { planned } from "./lockstep.ts"
import { historyOf } from "./moves.ts"
import type { Proof } from "./prove.ts"

/** C5. One account is written over as a newer version would: whoever meets it says so, the others go on. */
export const newerVersion: Proof<History> = {
  id: "C5",
  part: 0.1,
  alone: true,
  cases: historyOf().filter(({ steps }) => steps.some(({ move }) => move.kind === "reserve")),
  walk: async (desk, history) => {
    const { corrupt } = desk.options
    const { batches, accounts } = planned(desk, history)
    for (const batch of batches) await desk.take(batch, accounts)
    const spoiled = accounts.find((key) => desk.trial.ledger.accounts.has(key))
    const command = batches.flatMap(({ commands }) => commands).find(touching(spoiled))
    if (corrupt === undefined || spoiled === undefined || command === undefined) return
    await corrupt(desk.played, spoiled)
    await desk.restart()
    const fresh = { ...command, id: { source: "after it", n: 1 }, done: 0 }
    await mustBeCorrupt("read", desk.store, (store) => store.read([spoiled]))
    await mustBeCorrupt("apply", desk.store, (store) => store.apply([fresh]))
    const others = accounts.filter((key) => key !== spoiled)
    await desk.trial.judgeAccounts(desk.store, others, desk.nowMs)
  },
}

/** A charge, which looks at its accounts whatever else is there. */
const touching =
  (account: string | undefined) =>
  (command: Command): boolean =>
    command.kind === "charge" && command.lines.some((line) => line.account === account)

const mustBeCorrupt = async (
  what: string,
  store: Store,
  call: (store: Store) => Promise<unknown>,
): Promise<void> => {
  const said = await call(store).then(
    (answer) => answer,
    (error: unknown) => (error instanceof Error ? error.name : String(error)),
  )
  if (said !== "StoreCorrupt")
    throw new Differs(null, `what ${what} says of a newer version's record`, "StoreCorrupt", said)
}
