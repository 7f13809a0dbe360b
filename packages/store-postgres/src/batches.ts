import { type Command, fingerprintOf, formProblemOf, type Terms } from "@spendfuse/core/domain"
import type { Applied } from "@spendfuse/core/ports"
import { type Plain, toWire } from "@spendfuse/core/wire"
import { type Answer, answersOf, type Told } from "./answers.ts"
import type { Client } from "./client.ts"
import { Columns, isCommon } from "./columns.ts"
import { faultOf, isDataFault } from "./errors.ts"
import { Groups } from "./groups.ts"
import { addLongNames } from "./longNames.ts"
import type { PostgresStoreSettings } from "./options.ts"
import type { SentPlan } from "./plans.ts"
import { termsName, termsToServer } from "./terms.ts"

interface BatchesOptions {
  readonly client: Client
  readonly schema: string
  readonly settings: PostgresStoreSettings
}

/** A command as it is asked; alone where it was not given together with others, whose order it must keep. */
interface Asked {
  readonly command: Command
  readonly isAlone: boolean
}

/** Brings commands to the step in the database: one call for all that waits. */
export class Batches {
  readonly #options: BatchesOptions
  readonly #groups: Groups<Asked, Answer>
  /** Ids of terms and plans that the server had; what it lacks, it says. */
  readonly #sent = new Set<string>()

  constructor(options: BatchesOptions) {
    this.#options = options
    const { batchesAtOnce = 1, batchBytes = 1_000_000 } = options.settings
    const send = (items: readonly Asked[]) => this.#send(items)
    this.#groups = new Groups({ atOnce: batchesAtOnce, bytesMax: batchBytes, send })
  }

  /** @throws StoreUnavailable; StoreCorrupt; the signal's reason */
  async apply(commands: readonly Command[], signal?: AbortSignal): Promise<readonly Applied[]> {
    const answers: (Applied | null)[] = []
    for (const command of commands) {
      const detail = formProblemOf(command)
      answers.push(detail === null ? null : await this.#refused(detail))
    }
    const isAlone = commands.length === 1
    const asked = commands
      .filter((_, at) => answers[at] === null)
      .map((command) => ({ command, isAlone }))
    if (asked.length === 0) return answers as readonly Applied[]
    const bytes = asked.reduce((sum, { command }) => sum + bytesOf(command), 0)
    const sent = (await this.#groups.add(asked, bytes, signal))[Symbol.iterator]()
    return answers.map((answer) => {
      if (answer !== null) return answer
      const one = sent.next().value as Answer
      if ("fault" in one) throw one.fault
      return one.applied
    })
  }

  /** A command that cannot be meant is answered here: the database casts, and would fail its neighbours. */
  async #refused(detail: string): Promise<Applied> {
    const storeTimeMs = this.#options.settings.nowMs?.() ?? Date.now()
    const outcome = { kind: "error", error: "invalid-command", detail } as const
    const applied = { outcome, eventsWritten: 0, storeTimeMs }
    if (this.#options.settings.history !== true) return applied
    const { client, schema } = this.#options
    const rows = await client
      .query(`select nextval('${schema}.rank') as rank`)
      .catch((error: unknown) => {
        throw faultOf(error)
      })
    return { ...applied, rank: Number(rows[0]?.rank) }
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
    const sending = sendingOf(items)
    let answer = await this.#ask(sending, (id) => !this.#sent.has(id))
    if (answer.answers === undefined) answer = await this.#ask(sending, () => true)
    return answersOf(
      answer,
      items.map(({ command }) => command),
    )
  }

  async #ask(
    { columns, places, commands, terms, plans, names }: Sending,
    isSent: (id: string) => boolean,
  ): Promise<Told> {
    const { client, schema, settings } = this.#options
    const now = settings.nowMs === undefined ? null : String(settings.nowMs())
    const newTerms = chosen(terms, isSent, termsToServer)
    const newPlans = chosen(plans, isSent, ({ body }) => body)
    const head = JSON.stringify({
      v: "1",
      now,
      history: settings.history === true,
      terms: newTerms,
      plans: newPlans,
      ...(names.size > 0 && { names: [...names] }),
    })
    const batch = `${head.slice(0, -1)},"commands":[${commands.join(",")}]}`
    const values = [batch, `{${places.join()}}`, ...columns.values]
    const holes = values.map((_, at) => `$${at + 1}`).join()
    const [row] = await client.query(`select ${schema}.spendfuse_step(${holes}) as answer`, values)
    if (this.#sent.size > SENT_MAX) this.#sent.clear()
    for (const id of [...Object.keys(newTerms), ...Object.keys(newPlans)]) this.#sent.add(id)
    return (row?.answer ?? {}) as Told
  }
}

/** Ids that are remembered as sent; then it begins anew. */
const SENT_MAX = 100_000

/** What a batch is made of: common commands by columns, the others as they are, each with its place. */
interface Sending {
  readonly columns: Columns
  readonly places: readonly number[]
  readonly commands: readonly string[]
  readonly terms: ReadonlyMap<string, Terms>
  readonly plans: ReadonlyMap<string, SentPlan>
  /** Those that are too long for an index, whole. */
  readonly names: ReadonlySet<string>
}

const sendingOf = (items: readonly Asked[]): Sending => {
  const columns = new Columns()
  const names = columns.longNames
  const places: number[] = []
  const commands: string[] = []
  const terms = new Map<string, Terms>()
  for (const [at, { command, isAlone }] of items.entries()) {
    if (isAlone && isCommon(command) && columns.add(at + 1, command)) continue
    places.push(at + 1)
    const plain = named(command, terms)
    addLongNames(plain, names)
    commands.push(JSON.stringify(plain))
  }
  for (const plan of columns.plans) {
    for (const [id, body] of plan.terms) terms.set(id, body)
    for (const name of plan.names) names.add(name)
  }
  const plans = new Map(columns.plans.map((plan) => [plan.id, plan]))
  return { columns, places, commands, terms, plans, names }
}

/** The wire form with what else the server needs; its terms go by their names. */
const named = (command: Command, terms: Map<string, Terms>): { readonly [key: string]: Plain } => {
  const wire = toWire(command)
  const nameOf = (line: Plain | undefined): Plain => {
    const { terms: id, ...rest } = line as { readonly terms: string }
    const body = wire.terms.get(id) as Terms
    terms.set(termsName(body), body)
    return { ...rest, terms: termsName(body) }
  }
  const { lines, line, ...rest } = wire.command
  return {
    ...rest,
    ...(lines !== undefined && { lines: (lines as readonly Plain[]).map(nameOf) }),
    ...(line !== undefined && { line: line === null ? null : nameOf(line) }),
    f: fingerprintOf(command),
  }
}

const chosen = <Body, Wire>(
  bodies: ReadonlyMap<string, Body>,
  isSent: (id: string) => boolean,
  wireOf: (body: Body) => Wire,
): Record<string, Wire> => {
  const wire: Record<string, Wire> = Object.create(null)
  for (const [id, body] of bodies) if (isSent(id)) wire[id] = wireOf(body)
  return wire
}

/** About what it takes in a batch. */
const bytesOf = (command: Command): number =>
  isCommon(command) ? 256 : JSON.stringify(toWire(command).command).length
