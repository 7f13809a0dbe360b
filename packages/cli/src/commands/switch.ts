import { PLATFORM, PLATFORM_VALUE, SHARED_DIVISION, switchKey } from "@spendfuse/core/domain"
import type { Store } from "@spendfuse/core/ports"
import { Argument, type Command } from "commander"
import { CliError, type Io } from "../io.ts"
import { accountText } from "../operator/accountText.ts"
import { byWhomOf, type HandFlags, isConfirmed, withHand } from "../operator/byWhom.ts"
import { everyAccount, storeTimeOf } from "../operator/everyAccount.ts"
import { give } from "../operator/give.ts"
import { durationOf, instantText } from "../operator/instants.ts"
import { openStore, type StoreFlags, told, withStore } from "../store/openStore.ts"

interface SwitchFlags extends StoreFlags, HandFlags {
  readonly for?: string
  readonly until?: string
}

/** `spendfuse switch DIMENSION=VALUE off`: the kill switch of a key, a tenant, everything. */
export const switchCommand = (program: Command, io: Io, exit: (code: number) => void): void => {
  withHand(
    withStore(program.command("switch"))
      .argument("<subject>", "DIMENSION=VALUE, such as apiKey=k1 or platform=all")
      .addArgument(
        new Argument("<state>", "off refuses every call that names it").choices(["off", "on"]),
      )
      .option("--for <time>", "on again by itself after so long")
      .option("--until <instant>", "on again by itself then, such as 2026-01-15T12:00:00Z"),
  )
    .summary("stop a key, a tenant or everything, whatever it has spent")
    .description(
      "Turn one subject value off, or on again. A switch belongs to no budget: it refuses every call that names the value. The value is taken as it is written.",
    )
    .addHelpText("after", EXAMPLES)
    .action(async (text: string, state: "off" | "on", flags: SwitchFlags) => {
      const subject = subjectOf(text)
      if (state === "on" && (flags.for !== undefined || flags.until !== undefined))
        throw new CliError("`--for` and `--until` say when it is on again; leave them out for `on`")
      const store = await openStore(flags)
      try {
        exit(await told(() => switched(io, store, { subject, state, flags })))
      } finally {
        await store.close()
      }
    })
}

const EXAMPLES = `
Examples:
  $ spendfuse switch apiKey=agent-7 off --for 2h --why "the key leaked"
  $ spendfuse switch platform=all off --why "incident 42" --yes
  $ spendfuse switch platform=all on --why "incident 42 is over" --yes

The JSON is { switch, state, untilMs, by, why, id, outcome }.
Exit codes: 0 done, 1 you said no, 2 bad input, or the store cannot be reached.`

interface SubjectValue {
  readonly dimension: string
  readonly value: string
}

const subjectOf = (text: string): SubjectValue => {
  const at = text.indexOf("=")
  const [dimension, value] = [text.slice(0, Math.max(0, at)), text.slice(at + 1)]
  if (dimension === "")
    throw new CliError(
      `\`${accountText(text.slice(0, 60))}\` names no value; write DIMENSION=VALUE, e.g. apiKey=k1`,
    )
  if (dimension === PLATFORM && value !== PLATFORM_VALUE)
    throw new CliError(
      `the platform has the one value \`${PLATFORM_VALUE}\`; write platform=${PLATFORM_VALUE}`,
    )
  return { dimension, value }
}

interface Turn {
  readonly subject: SubjectValue
  readonly state: "off" | "on"
  readonly flags: SwitchFlags
}

const switched = async (io: Io, store: Store, { subject, state, flags }: Turn): Promise<number> => {
  const { dimension, value } = subject
  const key = switchKey(dimension, value)
  const nowMs = await storeTimeOf(store)
  const untilMs = untilOf(flags, nowMs)
  const byWhom = await byWhomOf(io, flags)
  const name = accountText(key)
  const say = flags.json === true ? () => undefined : (line: string) => io.out(`${line}\n`)
  if (state === "off" && !(await isNamed(store, subject)))
    io.err(`no account of the store names \`${accountText(value)}\`: look whether it is misspelt\n`)
  const until =
    untilMs === null ? "until somebody turns it on" : `until ${instantText(untilMs, nowMs)}`
  say(
    state === "off"
      ? `As ${byWhom.by}: refuses every call of ${name}, ${until}.`
      : `As ${byWhom.by}: lets calls of ${name} pass again, as far as budgets allow.`,
  )
  if (!(await isConfirmed(io, flags, "Do it?"))) {
    say("nothing was done")
    return 1
  }
  const { outcome } = await give(store, byWhom, {
    kind: "switch",
    division: SHARED_DIVISION,
    switch: key,
    state,
    untilMs,
  })
  const again = outcome.replayed === true ? "done before, and not again: " : ""
  if (flags.json === true)
    io.out(`${JSON.stringify({ switch: key, state, untilMs, ...byWhom, outcome })}\n`)
  else say(`${again}${name} is ${state} (id ${byWhom.id})`)
  return 0
}

const isNamed = async (store: Store, { dimension, value }: SubjectValue): Promise<boolean> => {
  if (dimension === PLATFORM) return true
  const { accounts } = await everyAccount(store, { keep: ({ key }) => key.includes(value) })
  return accounts.length > 0
}

const untilOf = ({ for: length, until }: SwitchFlags, nowMs: number): number | null => {
  if (length !== undefined && until !== undefined)
    throw new CliError("`--for` and `--until` are two ways; give one")
  if (length !== undefined) return nowMs + durationOf("--for", length)
  if (until === undefined) return null
  const atMs = /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(until) ? Date.parse(until) : Number.NaN
  if (atMs > nowMs) return atMs
  throw new CliError(
    `\`--until ${until.slice(0, 40)}\` is no instant to come; write e.g. 2026-01-15T12:00:00Z`,
  )
}
