import { createDispatcher, type Notice } from "@spendfuse/core"
import type { Store } from "@spendfuse/core/ports"
import type { Command } from "commander"
import { type NotifierSpecs, specOfFlag, specsOfFile } from "../dispatch/notifierSpec.ts"
import { notifiersOf } from "../dispatch/notifiersOf.ts"
import { Tally, type Told } from "../dispatch/tally.ts"
import { CliError, type Io } from "../io.ts"
import { accountTextCut } from "../operator/accountText.ts"
import { everyAccount } from "../operator/everyAccount.ts"
import { clockText } from "../operator/instants.ts"
import { openStore, type StoreFlags, told, withStore } from "../store/openStore.ts"

interface DispatchFlags extends StoreFlags {
  readonly notifier?: readonly string[]
  readonly notifiers?: string
  readonly once?: boolean
  readonly json?: boolean
}

/** `spendfuse dispatch`: brings the outbox to the notifiers, without a host. */
export const dispatchCommand = (program: Command, io: Io, exit: (code: number) => void): void => {
  withStore(program.command("dispatch"))
    .option(
      "--notifier <channel=kind>",
      "who hears a channel: CHANNEL=console, CHANNEL=slack:ENV, CHANNEL=pagerduty:ENV, CHANNEL=webhook:URL_ENV,SECRET_ENV; ENV names an environment variable",
      (text: string, before: readonly string[] = []) => [...before, text],
    )
    .option(
      "--notifiers <file>",
      "the same from a file (JSON, comments allowed): { notifiers: { CHANNEL: { kind, … } } }",
    )
    .option("--once", "deliver what is due, and end: for cron")
    .option("--json", "one line of JSON for each delivery: { atMs, channel, account, events, why }")
    .summary("deliver alerts without a host, on and on or once")
    .description(
      "Deliver what the store's outbox holds, and move what is due by itself: overdue holds, circuits, escalations, periods. Any number may run beside each other and beside hosts. Where a channel cannot deliver, the next in order hears of it.",
    )
    .addHelpText("after", EXAMPLES)
    .action(async (flags: DispatchFlags) => {
      const specs = specsOf(io, flags)
      const write = (line: string): void => (flags.json === true ? io.err : io.out)(`${line}\n`)
      const notifiers = notifiersOf(specs, process.env, write)
      const ending = io.ending()
      const store = await openStore(flags)
      try {
        exit(await told(() => dispatched(io, { store, notifiers, flags, ending })))
      } finally {
        await store.close()
      }
    })
}

const EXAMPLES = `
Examples:
  $ spendfuse dispatch --notifier chat=slack:SLACK_WEBHOOK_URL --notifier pager=pagerduty:PAGERDUTY_KEY
  $ spendfuse dispatch --notifiers notifiers.jsonc
  $ * * * * * spendfuse dispatch --notifiers /etc/notifiers.jsonc --once

A secret is never an argument, and never in the file: both name the variable that holds it.
SIGTERM and Ctrl-C end it well: what is being delivered is, for 5 seconds; the rest waits in the outbox.
Exit codes: 0 all that was due is delivered (or it was ended), 1 with --once: something could not be, and waits
in the outbox or is a dead letter, 2 bad input, or the store cannot be reached.`

const specsOf = (io: Io, flags: DispatchFlags): NotifierSpecs => {
  const ofFile = flags.notifiers === undefined ? {} : specsOfFile(io, flags.notifiers)
  const ofFlags = (flags.notifier ?? []).map(specOfFlag)
  const names = [...Object.keys(ofFile), ...ofFlags.map(([channel]) => channel)]
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined)
    throw new CliError(`channel \`${accountTextCut(twice)}\` has two notifiers; give one`)
  if (names.length === 0)
    throw new CliError(
      "who hears the channels? write `--notifier CHANNEL=KIND:VARIABLE` or `--notifiers FILE`",
    )
  return { ...ofFile, ...Object.fromEntries(ofFlags) }
}

interface Dispatching {
  readonly store: Store
  readonly notifiers: ReturnType<typeof notifiersOf>
  readonly flags: DispatchFlags
  readonly ending: AbortSignal
}

const dispatched = async (
  io: Io,
  { store, notifiers, flags, ending }: Dispatching,
): Promise<number> => {
  const json = flags.json === true
  const tally = new Tally((one) => io.out(json ? jsonLine(one) : inWords(one)))
  const onNotice = ({ message }: Notice): void => io.err(`${message}\n`)
  await using dispatcher = createDispatcher({ store, notifiers: tally.around(notifiers), onNotice })
  for (const channel of await unheardOf(store, notifiers))
    io.err(
      `channel \`${accountTextCut(channel)}\` has no notifier here; its messages wait for another\n`,
    )
  const ended = new Promise<void>((resolve) => {
    if (ending.aborted) resolve()
    ending.addEventListener("abort", () => resolve(), { once: true })
  })
  if (flags.once === true) await Promise.race([dispatcher.once(), ended])
  else {
    dispatcher.start()
    if (!json)
      io.err(
        `delivers ${Object.keys(notifiers)
          .map((one) => `\`${accountTextCut(one)}\``)
          .join(", ")} from ${clockText(Date.now(), Date.now())} UTC on\n`,
      )
    await ended
  }
  await dispatcher.close()
  if (!json) io.err(`${summary(tally)}\n`)
  return flags.once === true && tally.failed > 0 ? 1 : 0
}

const jsonLine = ({ channel, account, events, why }: Told): string =>
  `${JSON.stringify({ atMs: Date.now(), channel, account, events, why })}\n`

const inWords = ({ channel, account, events, why }: Told): string => {
  const what = `${events} ${events === 1 ? "event" : "events"} of ${accountTextCut(account ?? "no account")}`
  const how = why === null ? `${what} told` : `${what} could not be told: ${why}`
  return `${clockText(Date.now(), Date.now())}  ${accountTextCut(channel)}: ${how}\n`
}

const summary = ({ delivered, failed }: Tally): string => {
  const parts = Object.entries(delivered).map(
    ([channel, count]) => `${accountTextCut(channel)} ${count}`,
  )
  const what = parts.length === 0 ? "nothing was due" : `events delivered: ${parts.join(", ")}`
  return failed === 0
    ? what
    : `${what}; ${failed} ${failed === 1 ? "message" : "messages"} could not be`
}

/** Channels that tiers of the accounts name, and nobody hears here. */
const unheardOf = async (
  store: Store,
  notifiers: ReturnType<typeof notifiersOf>,
): Promise<readonly string[]> => {
  const named = new Set<string>()
  await everyAccount(store, {
    keep: ({ meters }) => {
      for (const { terms } of meters)
        for (const { notify } of terms.tiers) for (const channel of notify) named.add(channel)
      return false
    },
  })
  return [...named].filter((channel) => !Object.hasOwn(notifiers, channel)).sort()
}
