import {
  apply,
  type Command,
  type DomainEvent,
  emptyLedger,
  formProblemOf,
  type Terms,
} from "@spendfuse/core/domain"
import type { Applied } from "@spendfuse/core/ports"
import { eventFromWire } from "@spendfuse/core/wire"
import type { Redis } from "ioredis"
import { expect } from "vitest"
import { freshName } from "../../../scripts/servers/index.mjs"
import { answerOf, answersOf } from "../src/answer.ts"
import { argumentsOf, shortOf } from "../src/arguments.ts"
import { baseOf } from "../src/keys.ts"
import { manyOf } from "../src/many.ts"
import { SCRIPTS } from "../src/scripts.ts"
import type { Short } from "../src/shape.ts"
import type { StepContext } from "../src/steps.ts"
import { termsOf } from "../src/termsSent.ts"

/** How many commands of a kind the script answered quickly. */
export type Quick = Map<Command["kind"] | "together", number>

/** Gives each command to the core and to the script, and compares outcome and events. */
export class Lockstep {
  readonly #redis: Redis
  readonly #quick: Quick
  readonly #script: string
  readonly #prefix: string = freshName("step")
  readonly #ledger = emptyLedger()
  readonly #known = new Set<string>()
  readonly #trace: string[] = []
  /** How many events of each kind both have raised. */
  readonly kinds: Map<DomainEvent["kind"], number> = new Map()
  #heard = 0
  #together = 0

  constructor(redis: Redis, quick: Quick, script: string = SCRIPTS.step) {
    this.#redis = redis
    this.#quick = quick
    this.#script = script
  }

  async send(command: Command, atMs: number): Promise<void> {
    if (formProblemOf(command) !== null) return
    const want = apply(this.#ledger, command, atMs)
    const terms = termsOf(command).filter(({ id }) => !this.#known.has(id))
    const { keys, args } = argumentsOf(command, this.#contextOf(atMs, terms))
    for (const { id } of terms) this.#known.add(id)
    this.#trace.push(`${atMs} ${JSON.stringify(command)} → ${JSON.stringify(want.outcome)}`)
    const value = await this.#redis
      .eval(this.#script, keys.length, ...keys, ...args)
      .catch((error: Error) => {
        throw new Error(`${error.message}\n${this.#told()}`)
      })
    if (typeof value === "string")
      this.#quick.set(command.kind, (this.#quick.get(command.kind) ?? 0) + 1)
    const got = answerOf(value, command)
    if (got.kind !== "applied") throw new Error("terms are missing")
    await this.#compare(got.applied, want)
  }

  /** Gives commands to the script in runs of some, and one that is left by a run alone. */
  async sendTogether(commands: readonly Command[], atMs: number): Promise<void> {
    for (let from = 0; from < commands.length; ) {
      const answered = await this.#run(commands.slice(from, from + TOGETHER), atMs)
      from += answered
      const left = commands[from]
      if (answered === TOGETHER || left === undefined) continue
      await this.send(left, atMs)
      from += 1
    }
  }

  /** How many of them were answered. */
  async #run(commands: readonly Command[], atMs: number): Promise<number> {
    const context = this.#contextOf(atMs, [])
    const shorts: Short[] = []
    for (const command of commands) {
      const short = formProblemOf(command) === null ? shortOf(command, context) : undefined
      if (short === undefined || short.shape.accounts.length === 0) break
      shorts.push(short)
    }
    if (shorts.length < 2) return 0
    const { keys, args } = manyOf(shorts, context)
    const value = await this.#redis
      .eval(this.#script, keys.length, ...keys, ...args)
      .catch((error: Error) => {
        throw new Error(`${error.message}\n${this.#told()}`)
      })
    const answered = answersOf(value)
    for (const [at, applied] of answered.entries()) {
      const command = commands[at] as Command
      this.#trace.push(`${atMs} ${at + 1} of ${shorts.length} ${JSON.stringify(command)}`)
      await this.#compare(applied, apply(this.#ledger, command, atMs))
    }
    this.#together += answered.length
    return answered.length
  }

  /** How many were answered by runs of many. */
  get together(): number {
    return this.#together
  }

  async #compare(applied: Applied, want: ReturnType<typeof apply>): Promise<void> {
    expect(plain(applied.outcome), this.#told()).toEqual(plain(want.outcome))
    expect(plain(await this.#events()), this.#told()).toEqual(plain(want.events))
    for (const { kind } of want.events) this.kinds.set(kind, (this.kinds.get(kind) ?? 0) + 1)
  }

  #contextOf(atMs: number, terms: readonly Terms[]): StepContext {
    return {
      base: (division) => this.base(division),
      shared: this.base("*"),
      terms,
      nowMs: atMs,
      history: true,
      eventsKept: 10_000,
      auditKept: 10_000,
    }
  }

  /** What the script's keys of a division begin with. */
  base(division: string): string {
    return baseOf(this.#prefix, division)
  }

  #told(): string {
    return this.#trace.join("\n")
  }

  async #events(): Promise<readonly unknown[]> {
    const log = `${this.base("*")}outbox:log:events`
    const entries = await this.#redis.xrange(log, `${this.#heard + 1}-0`, "+")
    this.#heard += entries.length
    return entries.map(([, fields]) => {
      const read = eventFromWire(JSON.parse(fields[1] ?? ""))
      if (!read.ok) throw new Error(read.reason)
      return read.value
    })
  }
}

/** How many go together. */
const TOGETHER = 4

const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (key, one: unknown) =>
      key === "detail" ? undefined : one === Number.POSITIVE_INFINITY ? "Infinity" : one,
    ),
  )
