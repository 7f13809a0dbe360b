import { type Command, formProblemOf, type Terms } from "@spendfuse/core/domain"
import { type Applied, StoreUnavailable } from "@spendfuse/core/ports"
import type { Call } from "./client.ts"
import { faultOf } from "./errors.ts"
import { Gathering } from "./gathering.ts"
import type { RedisStoreSettings } from "./options.ts"
import type { Shelf } from "./shelf.ts"
import type { Answer, StepContext, Steps } from "./steps.ts"
import { TermsSent, termsOf } from "./termsSent.ts"

interface ApplierOptions {
  readonly shelf: Shelf
  readonly steps: Steps
  readonly settings: RedisStoreSettings & {
    readonly eventsKept: number
    readonly auditKept: number
  }
}

/** A command of a batch, and its place there. */
interface Asked {
  readonly at: number
  readonly command: Command
  readonly terms: readonly Terms[]
}

/** Brings commands to the step's script: one run for each, in order within a division. */
export class Applier {
  readonly #options: ApplierOptions
  readonly #sent = new TermsSent()
  readonly #gathering: Gathering | undefined

  constructor(options: ApplierOptions) {
    this.#options = options
    const { shelf, steps } = options
    const { script, many } = steps
    this.#gathering =
      many &&
      new Gathering({
        shelf,
        script,
        many,
        contextOf: (division) => this.#contextOf(division, []),
        hasTerms: (command) => this.#hasTerms(command),
        alone: (command, signal) => this.#applyAlone([command], signal),
      })
  }

  /**
   * Commands that are given one by one at the same time may go together.
   *
   * @throws StoreUnavailable; StoreCorrupt
   */
  apply(commands: readonly Command[], signal?: AbortSignal): Promise<readonly Applied[]> {
    const [only] = commands
    if (commands.length !== 1 || only === undefined) return this.#applyAlone(commands, signal)
    return this.#gathering?.apply(only, signal) ?? this.#applyAlone(commands, signal)
  }

  async #applyAlone(
    commands: readonly Command[],
    signal: AbortSignal | undefined,
  ): Promise<readonly Applied[]> {
    const answers: Applied[] = []
    const groups = this.#groupsOf(this.#meant(commands, answers))
    await Promise.all(groups.map((group) => this.#applyGroup(group, answers, signal)))
    return answers
  }

  /** Those that can be meant, with their places; the others are answered here, for the script only reads. */
  #meant(
    commands: readonly Command[],
    answers: Applied[],
  ): readonly (readonly [number, Command])[] {
    return [...commands.entries()].filter(([at, command]) => {
      const detail = formProblemOf(command)
      if (detail === null) return true
      const storeTimeMs = this.#options.settings.nowMs?.() ?? Date.now()
      const outcome = { kind: "error", error: "invalid-command", detail } as const
      answers[at] = { outcome, eventsWritten: 0, storeTimeMs }
      return false
    })
  }

  /** On one server a batch is one history; in a Cluster each division is its own. */
  #groupsOf(commands: readonly (readonly [number, Command])[]): readonly (readonly Asked[])[] {
    const { shelf } = this.#options
    const nowMs = performance.now()
    const groups = new Map<string, Asked[]>()
    for (const [at, command] of commands) {
      const shared = shelf.base(shelf.outboxOf(command.division))
      const asked = { at, command, terms: this.#sent.missing(shared, command, nowMs) }
      const group = groups.get(shared)
      if (group === undefined) groups.set(shared, [asked])
      else group.push(asked)
    }
    return [...groups.values()]
  }

  async #applyGroup(
    group: readonly Asked[],
    answers: Applied[],
    signal: AbortSignal | undefined,
  ): Promise<void> {
    await this.#listed(group)
    const missing: Asked[] = []
    for (const [asked, answer] of await this.#run(group, signal)) {
      if (answer.kind === "terms-missing") missing.push({ ...asked, terms: termsOf(asked.command) })
      else answers[asked.at] = answer.applied
    }
    if (missing.length === 0) return
    for (const [asked, answer] of await this.#run(missing, signal)) {
      if (answer.kind === "terms-missing")
        throw new StoreUnavailable(
          this.#options.shelf.name,
          new Error("the server does not keep the terms that it is sent"),
        )
      answers[asked.at] = answer.applied
    }
  }

  /** Runs the step for each, and answers once a replica has what stops something. */
  async #run(
    group: readonly Asked[],
    signal: AbortSignal | undefined,
  ): Promise<readonly (readonly [Asked, Answer])[]> {
    const { shelf, steps } = this.#options
    const replies = await shelf.client.run(
      group.map((asked) => this.#callOf(asked)),
      signal,
    )
    const nowMs = performance.now()
    let stops: string | undefined
    const answers = group.map((asked, at): readonly [Asked, Answer] => {
      const reply = replies[at]
      if (reply?.ok !== true) throw faultOf(shelf.name, reply?.error)
      const answer = steps.answerOf(reply.value, asked.command)
      const { division } = asked.command
      this.#sent.arrived(shelf.base(shelf.outboxOf(division)), asked.terms, nowMs)
      if (answer.kind === "applied" && answer.stops) stops = division
      return [asked, answer]
    })
    if (stops !== undefined) await this.#replicate(stops)
    return answers
  }

  #callOf({ command, terms }: Asked): Call {
    const { steps } = this.#options
    const { keys, args } = steps.argumentsOf(command, this.#contextOf(command.division, terms))
    return { script: steps.script, keys, args }
  }

  #contextOf(division: string, terms: readonly Terms[]): StepContext {
    const { shelf, settings } = this.#options
    const { nowMs, history = false, eventsKept, auditKept } = settings
    return {
      base: this.#base,
      shared: shelf.base(shelf.outboxOf(division)),
      terms,
      nowMs: nowMs?.(),
      history,
      eventsKept,
      auditKept,
    }
  }

  readonly #base = (division: string): string => this.#options.shelf.base(division)

  #hasTerms(command: Command): boolean {
    const { shelf } = this.#options
    const base = shelf.base(shelf.outboxOf(command.division))
    return this.#sent.hasAll(base, command, performance.now())
  }

  /** Every division that the commands write to is listed before. */
  async #listed(group: readonly Asked[]): Promise<void> {
    const { divisions } = this.#options.shelf
    const names = new Set<string>()
    for (const { command } of group) {
      names.add(command.division)
      if ("lines" in command) for (const { division } of command.lines) names.add(division)
      else if ("line" in command && command.line) names.add(command.line.division)
    }
    const waits: Promise<void>[] = []
    for (const name of names) {
      const wait = divisions.listed(name)
      if (wait !== null) waits.push(wait)
    }
    if (waits.length > 0) await Promise.all(waits)
  }

  async #replicate(division: string): Promise<void> {
    const { shelf, settings } = this.#options
    const timeoutMs = settings.replicaWaitMs ?? WAIT_MS
    const isThere = await shelf.client
      .replicated(shelf.base(division), timeoutMs)
      .catch(() => false)
    if (!isThere)
      shelf.onNotice({
        kind: "not-replicated",
        message: `store \`${shelf.name}\`: no replica had a stop within ${timeoutMs} ms; a failover now may lose it`,
      })
  }
}

const WAIT_MS = 100
