import { type Command, fingerprintOf, formProblemOf, type Terms } from "@spendfuse/core/domain"
import { type Applied, StoreCorrupt } from "@spendfuse/core/ports"
import { fromPlain, outcomeFromWire, termsToWire, toWire } from "@spendfuse/core/wire"
import type { Client } from "./client.ts"
import { faultOf, isDataFault, NAME } from "./errors.ts"
import { Groups } from "./groups.ts"
import type { PostgresStoreSettings } from "./options.ts"

interface BatchesOptions {
  readonly client: Client
  readonly schema: string
  readonly settings: PostgresStoreSettings
}

/** A command as it is sent. */
interface Asked {
  readonly command: Command
  readonly text: string
  readonly terms: ReadonlyMap<string, Terms>
}

type Answer = { readonly applied: Applied } | { readonly fault: Error }

/** Brings commands to the step in the database: one call for all that waits. */
export class Batches {
  readonly #options: BatchesOptions
  readonly #groups: Groups<Asked, Answer>
  /** Terms that the server has: it keeps them for ever. */
  readonly #sent = new Set<string>()

  constructor(options: BatchesOptions) {
    this.#options = options
    const { batchesAtOnce = 1, batchBytes = 1_000_000 } = options.settings
    const send = (items: readonly Asked[]) => this.#send(items)
    this.#groups = new Groups({ atOnce: batchesAtOnce, bytesMax: batchBytes, send })
  }

  /** @throws StoreUnavailable; StoreCorrupt; the signal's reason */
  async apply(commands: readonly Command[], signal?: AbortSignal): Promise<readonly Applied[]> {
    const answers = commands.map((command) => this.#refused(command))
    const asked = commands.filter((_, at) => answers[at] === null).map(askedOf)
    if (asked.length === 0) return answers as readonly Applied[]
    const bytes = asked.reduce((sum, { text }) => sum + text.length, 0)
    const sent = (await this.#groups.add(asked, bytes, signal))[Symbol.iterator]()
    return answers.map((answer) => {
      if (answer !== null) return answer
      const one = sent.next().value as Answer
      if ("fault" in one) throw one.fault
      return one.applied
    })
  }

  /** A command that cannot be meant is answered here: the database casts, and would fail its neighbours. */
  #refused(command: Command): Applied | null {
    const detail = formProblemOf(command)
    if (detail === null) return null
    const storeTimeMs = this.#options.settings.nowMs?.() ?? Date.now()
    const outcome = { kind: "error", error: "invalid-command", detail } as const
    return { outcome, eventsWritten: 0, storeTimeMs }
  }

  async #send(items: readonly Asked[]): Promise<readonly Answer[]> {
    try {
      return await this.#call(items)
    } catch (error) {
      if (items.length > 1 && isDataFault(error)) return this.#oneByOne(items)
      throw faultOf(error)
    }
  }

  /** Nothing of a batch that failed was applied: only the guilty fails. */
  async #oneByOne(items: readonly Asked[]): Promise<readonly Answer[]> {
    const answers: Answer[] = []
    for (const item of items)
      answers.push(
        await this.#call([item]).then(
          ([answer]) => answer as Answer,
          (error: unknown) => ({ fault: faultOf(error) }),
        ),
      )
    return answers
  }

  async #call(items: readonly Asked[]): Promise<readonly Answer[]> {
    let answer = await this.#ask(items, (id) => !this.#sent.has(id))
    if (!Array.isArray(answer)) answer = await this.#ask(items, () => true)
    if (!Array.isArray(answer) || answer.length !== items.length)
      throw new StoreCorrupt(NAME, "the step did not answer each command")
    return items.map(({ command }, at) => answerOf(answer[at], command))
  }

  async #ask(items: readonly Asked[], isSent: (id: string) => boolean): Promise<unknown> {
    const { client, schema, settings } = this.#options
    const terms: Record<string, unknown> = Object.create(null)
    for (const item of items)
      for (const [id, body] of item.terms) if (isSent(id)) terms[id] = termsToWire(body)
    const now = settings.nowMs === undefined ? "null" : `"${settings.nowMs()}"`
    const head = `"v":"1","now":${now},"history":${settings.history === true}`
    const commands = items.map(({ text }) => text).join(",")
    const batch = `{${head},"terms":${JSON.stringify(terms)},"commands":[${commands}]}`
    const [row] = await client.query(`select ${schema}.spendfuse_apply($1) as answer`, [batch])
    for (const id of Object.keys(terms)) this.#sent.add(id)
    return row?.answer
  }
}

const askedOf = (command: Command): Asked => {
  const wire = toWire(command)
  const text = JSON.stringify({ ...wire.command, f: fingerprintOf(command) })
  return { command, text, terms: wire.terms }
}

/** An answer that cannot be read is its command's alone: the others were applied as well. */
const answerOf = (answer: unknown, command: Command): Answer => {
  try {
    return { applied: appliedOf(answer, command) }
  } catch (error) {
    return { fault: faultOf(error) }
  }
}

const appliedOf = (answer: unknown, command: Command): Applied => {
  const { outcome: plain, ...rest } = (answer ?? {}) as { readonly outcome?: unknown }
  const outcome = outcomeFromWire(plain, command)
  const read = fromPlain(rest)
  if (!outcome.ok) throw new StoreCorrupt(NAME, outcome.reason)
  if (!read.ok) throw new StoreCorrupt(NAME, read.reason)
  const { events, time, done, rank } = read.value as Numbers
  const applied = { outcome: outcome.value, eventsWritten: events, storeTimeMs: time, done }
  return rank === undefined ? applied : { ...applied, rank }
}

interface Numbers {
  readonly events: number
  readonly time: number
  readonly done: number
  readonly rank?: number
}
