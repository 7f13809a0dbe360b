import type { Store } from "@spendfuse/core/ports"
import type { Command } from "commander"
import type { Io } from "../io.ts"
import { accountJson } from "../operator/accountRow.ts"
import { byWhomOf, type HandFlags, isConfirmed, withHand } from "../operator/byWhom.ts"
import { findAccount } from "../operator/findAccount.ts"
import { give } from "../operator/give.ts"
import { durationOf, instantText } from "../operator/instants.ts"
import { panelOf, panelText } from "../operator/panel.ts"
import { openStore, type StoreFlags, told, withStore } from "../store/openStore.ts"

interface TripFlags extends StoreFlags, HandFlags {
  readonly for: string
}

/** `spendfuse trip ACCOUNT`: stops one account by hand. */
export const tripCommand = (program: Command, io: Io, exit: (code: number) => void): void => {
  withHand(
    withStore(program.command("trip"))
      .argument("<account>", "the account, as a page or `spendfuse accounts` names it")
      .option("--for <time>", "how long it cools down", "1h"),
  )
    .summary("stop one account for a while")
    .description(
      "Open the circuit of an account by hand: it refuses every call that the account counts, until the time is over or somebody acknowledges. It shows the account, and asks.",
    )
    .addHelpText("after", EXAMPLES)
    .action(async (text: string, flags: TripFlags) => {
      const coolDownMs = durationOf("--for", flags.for)
      const store = await openStore(flags)
      try {
        exit(await told(() => tripped(io, store, { text, coolDownMs, flags })))
      } finally {
        await store.close()
      }
    })
}

const EXAMPLES = `
Examples:
  $ spendfuse trip hour/agent-7 --for 15m --why "odd prompts"
  $ spendfuse trip day/acme --for 2h --why "incident 42" --by ann --yes --json

An account that was never used is not known to the store: \`spendfuse switch\` stops a key or a tenant before that.
The JSON is { account, by, why, id, before, outcome, after }.
Exit codes: 0 done, 1 you said no, 2 bad input, no such account, or the store cannot be reached.`

const tripped = async (
  io: Io,
  store: Store,
  { text, coolDownMs, flags }: { text: string; coolDownMs: number; flags: TripFlags },
): Promise<number> => {
  const found = await findAccount(store, text)
  const { account } = found
  const before = await panelOf(store, found)
  const say = flags.json === true ? () => undefined : (line: string) => io.out(`${line}\n`)
  say(`${panelText(before, io)}\n`)
  const byWhom = await byWhomOf(io, flags)
  const isLatched = before.row.view.circuit === "latched"
  const untilMs = before.atMs + coolDownMs
  say(
    isLatched
      ? `As ${byWhom.by}: it is latched, and stays so until a person acknowledges.`
      : `As ${byWhom.by}: refuses its calls until ${instantText(untilMs, before.atMs)}.`,
  )
  if (!(await isConfirmed(io, flags, "Do it?"))) {
    say("nothing was done")
    return 1
  }
  const { outcome } = await give(store, byWhom, {
    kind: "trip",
    division: account.division,
    account: account.key,
    coolDownMs,
  })
  const after = await panelOf(store, await findAccount(store, text))
  if (flags.json === true)
    io.out(
      `${JSON.stringify({
        account: account.key,
        ...byWhom,
        before: accountJson(before.row),
        outcome,
        after: accountJson(after.row),
      })}\n`,
    )
  else {
    const { circuit, generation, untilMs: endMs } = after.row.view
    const until = endMs === null ? "" : ` until ${instantText(endMs, after.atMs)}`
    const again = outcome.replayed === true ? "done before, and not again: " : ""
    say(`${again}the circuit is ${circuit}${until}, generation ${generation} (id ${byWhom.id})`)
  }
  return 0
}
