import type { CommandId, Line } from "../domain/command.ts"
import type { Outcome } from "../domain/outcome.ts"
import { SHARED_DIVISION, type Subject, switchKey } from "../domain/subject.ts"
import { viewOf } from "../domain/view.ts"
import { shortOf } from "./amounts.ts"
import { ATTEMPTS_MAX } from "./asked.ts"
import type { Engine } from "./engine.ts"
import { RequestFailed } from "./errors.ts"
import { checkByWhom, checkSwitch, dimensionsOf } from "./operated.ts"
import type { Unsent } from "./send.ts"

/** Who does it and why; `id` makes a second one with the same id harmless. */
export interface ByWhom {
  readonly by: string
  readonly why: string
  readonly id?: string
}

/** One account: a budget and the subject whose values it counts by. */
export interface AccountOf {
  readonly budget: string
  readonly subject: Subject
}

/** Who has seen what, and how much more may be spent. */
export interface AcknowledgeOptions extends ByWhom {
  /** The amount that the person was shown; default: what is used now, and the level reached. */
  readonly upTo?: number
  readonly generation?: number
  /** A small step more, in the budget's unit: then ask again. */
  readonly allow?: number
}

/** What a command of the operator did; that it did nothing is an error, and thrown. */
export type Operated = Exclude<Outcome, { readonly kind: "error" }>

/**
 * The operator's hand: each command is an audit event, with a name and a reason. A command that rejects
 * with RequestFailed has changed nothing. One that rejects with StoreUnavailable may have been done: give
 * it an `id`, and send it again under that. After `close` all reject with SpendfuseClosed.
 */
export class Operator {
  readonly #engine: Engine
  readonly #declared: readonly string[]

  /** @param declared dimensions that the host's requests have, though no budget counts by them */
  constructor(engine: Engine, declared: readonly string[] = []) {
    this.#engine = engine
    this.#declared = declared
  }

  /** A person has seen it: closes the circuit, and the cap moves to the next level. */
  async acknowledge(account: AccountOf, options: AcknowledgeOptions): Promise<Operated> {
    this.#engine.assertOpen()
    checkByWhom(options)
    const line = this.lineOf(account)
    const [record] = await this.#engine.options.store.read([line.account])
    if (record !== undefined) this.#engine.known.learnRead([line], [record])
    const view = viewOf(record?.account ?? null, line, record?.storeTimeMs ?? 0)
    const outcome = await this.#send(options, {
      kind: "acknowledge",
      division: line.division,
      account: line.account,
      generation: options.generation ?? view.generation,
      upTo: options.upTo ?? Math.max(view.settled + view.held, view.level),
      allow: options.allow ?? null,
      line,
      by: options.by,
      why: options.why,
    })
    if (outcome.kind === "acknowledged") this.#engine.known.forgetLatch(line.account)
    this.#engine.refusals.forget(line.account)
    this.#engine.wake([line])
    return outcome
  }

  /** Opens a circuit by hand. */
  async trip(
    account: AccountOf,
    options: ByWhom & { readonly coolDownMs: number },
  ): Promise<Operated> {
    this.#engine.assertOpen()
    checkByWhom(options)
    const line = this.lineOf(account)
    return this.#send(options, {
      kind: "trip",
      division: line.division,
      account: line.account,
      coolDownMs: options.coolDownMs,
      by: options.by,
      why: options.why,
    })
  }

  /**
   * Turns one subject value off or on: `{ dimension: "apiKey", value: "k1" }`. A switch is tied to no budget;
   * a dimension that neither the policy nor the host has named is told as a warning, for it may be misspelt.
   */
  async switch(
    subject: { readonly dimension: string; readonly value: string },
    options: ByWhom & { readonly state: "off" | "on"; readonly untilMs?: number },
  ): Promise<Operated> {
    this.#engine.assertOpen()
    checkByWhom(options)
    checkSwitch(subject)
    this.#warnOfUnknown(subject.dimension)
    const key = switchKey(subject.dimension, subject.value)
    const untilMs = options.untilMs ?? null
    const outcome = await this.#send(options, {
      kind: "switch",
      division: SHARED_DIVISION,
      switch: key,
      state: options.state,
      untilMs,
      by: options.by,
      why: options.why,
    })
    if (outcome.kind === "switched") this.#engine.known.learnSwitch(key, options.state, untilMs)
    this.#engine.refusals.clear()
    return outcome
  }

  /** Corrects what was counted: a refund, an invoice that differs. Negative amounts give back. */
  async adjust(
    account: AccountOf,
    options: ByWhom & { readonly amount: number; readonly atMs?: number },
  ): Promise<Operated> {
    this.#engine.assertOpen()
    checkByWhom(options)
    const line = this.lineOf(account, options.atMs)
    const outcome = await this.#send(options, {
      kind: "adjust",
      division: line.division,
      line,
      amount: options.amount,
      by: options.by,
      why: options.why,
    })
    this.#engine.refusals.forget(line.account)
    this.#engine.wake([line])
    return outcome
  }

  /**
   * Ends overdue holds of a division and moves its accounts whose time is over, 128 of each at most. It goes on by
   * itself; this is for who does not want to wait.
   */
  async expire(division: string = SHARED_DIVISION): Promise<Operated> {
    this.#engine.assertOpen()
    return this.#send(null, { kind: "expire", division })
  }

  /**
   * The line that a request of this subject would have in a budget, at an instant.
   *
   * @throws RequestFailed `invalid-command` where there is no such budget or the subject is not one,
   *   `missing-dimension`
   */
  lineOf(account: AccountOf, atMs: number = this.#engine.sender.issuedAtMs()): Line {
    const { budget, subject } = account ?? {}
    const found = this.#engine.policy.budgets.find(({ id }) => id === budget)
    if (found === undefined)
      throw new RequestFailed(
        "invalid-command",
        `no budget \`${shortOf(budget)}\`; the policy has ${this.#engine.policy.budgets.map(({ id }) => `\`${id}\``).join(", ")}`,
      )
    return this.#engine.lineOf(found, subject, atMs)
  }

  #warnOfUnknown(dimension: string): void {
    const { policy, options } = this.#engine
    const known = [...dimensionsOf(policy), ...this.#declared]
    if (known.includes(dimension)) return
    options.onNotice({
      kind: "warning",
      message: `the policy knows no dimension \`${shortOf(dimension)}\`: the switch holds only for requests that name it; known are ${[...new Set(known)].map((name) => `\`${name}\``).join(", ")}`,
    })
  }

  async #send(options: ByWhom | null, unsent: Unsent): Promise<Operated> {
    const outcome =
      options?.id === undefined
        ? await this.#sendNumbered(unsent)
        : await this.#sendNamed(options.id, unsent)
    if (outcome.kind === "error") throw new RequestFailed(outcome.error, outcome.detail)
    return outcome
  }

  async #sendNumbered(unsent: Unsent, tries = 1): Promise<Outcome> {
    const { sender, circuit } = this.#engine
    const numbered = await sender.number(unsent)
    const { id, division } = numbered.command
    try {
      const outcome = await sender.send(numbered)
      circuit.answered()
      if (sender.isRenamed(outcome, id, division) && tries < ATTEMPTS_MAX)
        return this.#sendNumbered(unsent, tries + 1)
      return outcome
    } catch (error) {
      circuit.failed()
      sender.abandon(numbered)
      throw error
    }
  }

  /** An operator's own id is a source of its own, so that a second command of that id is refused. */
  async #sendNamed(name: string, unsent: Unsent): Promise<Outcome> {
    const id: CommandId = { source: `operator:${name}`, n: 1 }
    return this.#engine.sender.send({ command: { ...unsent, id, done: 0 }, firstSentAtMs: 0 })
  }
}
