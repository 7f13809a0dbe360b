import type { Command } from "../../domain/command.ts"
import type { Account } from "../../domain/ledger.ts"
import type { Desk } from "./desk.ts"
import { Differs } from "./failure.ts"
import type { History } from "./history.ts"
import { planned } from "./lockstep.ts"
import { historyOf } from "./moves.ts"
import type { Proof } from "./prove.ts"

/** C5. One account is written over as a newer version would: whoever meets it says so, the others go on. */
export const newerVersion: Proof<History> = {
  id: "C5",
  part: 0.2,
  alone: true,
  cases: historyOf(),
  walk: async (desk, history) => {
    const { batches, accounts } = planned(desk, history)
    for (const batch of batches) await desk.take(batch, accounts)
    const commands = batches.flatMap((batch) => batch.commands)
    for (const key of accounts) {
      const command = commands.find(charging(key))
      const found = (await desk.store.read([key]))[0]?.account ?? null
      if (command !== undefined && found !== null)
        return judgeSpoiled(desk, { command, found, accounts })
    }
  },
}

interface Spoiled {
  readonly command: Command
  readonly found: Account
  readonly accounts: readonly string[]
}

const judgeSpoiled = async (desk: Desk, { command, found, accounts }: Spoiled): Promise<void> => {
  const others = accounts.filter((key) => key !== found.key)
  await desk.options.corrupt?.(desk.played, found)
  await desk.restart()
  const anew = { ...command, id: { source: "after it", n: 1 }, done: 0 }
  await mustBeCorrupt("read", desk.store.read([found.key]))
  await mustBeCorrupt("apply", desk.store.apply([anew]))
  await desk.trial.judgeAccounts(desk.store, others, desk.nowMs)
  await desk.hear([])
}

/** A charge looks at its accounts whatever else is there. */
const charging =
  (account: string) =>
  (command: Command): boolean =>
    command.kind === "charge" && command.lines.some((line) => line.account === account)

const mustBeCorrupt = async (what: string, called: Promise<unknown>): Promise<void> => {
  const said = await called.catch((error: unknown) =>
    error instanceof Error ? error.name : String(error),
  )
  if (said !== "StoreCorrupt")
    throw new Differs(null, `what ${what} says of a newer version's record`, "StoreCorrupt", said)
}
