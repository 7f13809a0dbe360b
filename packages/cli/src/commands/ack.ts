import type { Store } from "@spendfuse/core/ports"
import type { Command } from "commander"
import type { Io } from "../io.ts"
import { accountJson } from "../operator/accountRow.ts"
import { accountText } from "../operator/accountText.ts"
import { amountInWords } from "../operator/amounts.ts"
import { type ByWhom, byWhomOf, type HandFlags, isConfirmed, withHand } from "../operator/byWhom.ts"
import { type FoundAccount, findAccount } from "../operator/findAccount.ts"
import { auditOf, didText, type Given, give } from "../operator/give.ts"
import { type Panel, panelOf, panelText } from "../operator/panel.ts"
import { type Step, type StepFlags, stepOf, stepText } from "../operator/step.ts"
import { openStore, type StoreFlags, told, withStore } from "../store/openStore.ts"

interface AckFlags extends StoreFlags, HandFlags, StepFlags {
  readonly yes?: boolean
  readonly json?: boolean
}

/** `spendfuse ack ACCOUNT`: a person has seen it. */
export const ackCommand = (program: Command, io: Io, exit: (code: number) => void): void => {
  withHand(
    withStore(program.command("ack"))
      .argument("<account>", "the account, as a page or `spendfuse accounts` names it")
      .option(
        "--allow <amount>",
        "a small step: so much more, in dollars or the unit, then it asks again",
      )
      .option("--whole", "a whole level: the cap moves to the next one")
      .option("--generation <number>", "the opening that was shown; a later one is not touched")
      .option("--up-to <amount>", "the amount that was shown, in dollars or the unit"),
  )
    .summary("acknowledge: close a circuit, and let it go on")
    .description(
      "Acknowledge an account: a person has seen it. Its circuit closes, and the cap moves up by a small step or a whole level. It shows the account and what will be done, and asks.",
    )
    .addHelpText("after", EXAMPLES)
    .action(async (text: string, flags: AckFlags) => {
      const store = await openStore(flags)
      try {
        exit(await told(() => acknowledged(io, store, text, flags)))
      } finally {
        await store.close()
      }
    })
}

const EXAMPLES = `
Examples:
  $ spendfuse ack day/agent-7                     shows, proposes a small step, asks
  $ spendfuse ack day/agent-7 --allow 5 --why "the loop is stopped" --yes
  $ spendfuse ack day/agent-7 --whole --why "the batch must end" --yes --id incident-42

The JSON is { account, by, why, id, before, asked, outcome, after }; amounts are texts of nano-USD, tokens, requests.
Exit codes: 0 done, or nothing is left to do; 1 not done: it opened again since it was shown, or you said no;
2 bad input, no such account, or the store cannot be reached.`

const acknowledged = async (
  io: Io,
  store: Store,
  text: string,
  flags: AckFlags,
): Promise<number> => {
  const found = await findAccount(store, text)
  const panel = await panelOf(store, found)
  const say = flags.json === true ? () => undefined : (line: string) => io.out(`${line}\n`)
  say(`${panelText(panel, io)}\n`)
  const step = await stepOf(io, found, panel.row, flags)
  const { outcome } = step.foreseen
  if (outcome.kind !== "acknowledged") {
    const known = { outcome, storeTimeMs: panel.atMs } as Given
    return said(io, store, { found, panel, step, flags, byWhom: null, given: known })
  }
  const byWhom = await byWhomOf(io, flags)
  say(`As ${byWhom.by}: ${stepText(step, panel.row)}.`)
  if (!(await isConfirmed(io, flags, "Do it?"))) {
    say("nothing was done")
    return 1
  }
  const { account } = found
  const given = await give(store, byWhom, {
    kind: "acknowledge",
    division: account.division,
    account: account.key,
    line: panel.row.line,
    ...step.asked,
  })
  return said(io, store, { found, panel, step, flags, byWhom, given })
}

interface Done {
  readonly found: FoundAccount
  readonly panel: Panel
  readonly step: Step
  readonly flags: AckFlags
  readonly byWhom: ByWhom | null
  readonly given: Given
}

const said = async (io: Io, store: Store, done: Done): Promise<number> => {
  const { found, panel, step, flags, byWhom, given } = done
  const { key } = found.account
  const after = await panelOf(store, await findAccount(store, accountText(key)))
  if (flags.json === true) {
    const { generation, upTo, allow } = step.asked
    io.out(
      `${JSON.stringify({
        account: key,
        ...(byWhom ?? { by: null, why: null, id: null }),
        before: accountJson(panel.row),
        asked: { generation, upTo: String(upTo), allow: allow === null ? null : String(allow) },
        outcome: given.outcome,
        after: accountJson(after.row),
      })}\n`,
    )
  } else io.out(`${await sentenceOf(store, done, after)}\n`)
  return given.outcome.kind === "later-generation" ? 1 : 0
}

const sentenceOf = async (
  store: Store,
  { found, byWhom, given }: Done,
  { row, atMs }: Panel,
): Promise<string> => {
  const { outcome } = given
  const last = await auditOf(
    store,
    ({ target, verb }) =>
      target === found.account.key && (verb === "acknowledge" || verb === "trip"),
  )
  const byOther = last === undefined ? "" : `\n  ${didText(last, atMs)}`
  if (outcome.kind === "later-generation")
    return `not done: it opened again since, generation ${outcome.generation}; look at it anew${byOther}`
  const { remaining } = row.view
  const more = Number.isFinite(remaining)
    ? `${amountInWords(remaining, row.terms.unit)} more can be spent`
    : "it has no cap"
  if (outcome.kind === "nothing-to-acknowledge") {
    const step = row.meter?.notes.allow?.fired === false ? "; `--allow` sets another step" : ""
    return `nothing to acknowledge: no level was reached that nobody has seen, ${more}${step}${byOther}`
  }
  if (outcome.replayed === true) return `done before, and not again${byOther}`
  return `acknowledged: the circuit is ${row.view.circuit}, ${more} (id ${byWhom?.id ?? ""})`
}
