import { apply, type Command, emptyLedger, formProblemOf } from "@spendfuse/core/domain"
import { eventFromWire } from "@spendfuse/core/wire"
import type { Redis } from "ioredis"
import { expect } from "vitest"
import { freshName } from "../../../scripts/servers/index.mjs"
import { answerOf } from "../src/answer.ts"
import { argumentsOf } from "../src/arguments.ts"
import { baseOf } from "../src/keys.ts"
import { SCRIPTS } from "../src/scripts.ts"
import { termsOf } from "../src/termsSent.ts"

/** How many commands of a kind the script answered quickly. */
export type Quick = Map<Command["kind"], number>

/** Gives each command to the core and to the script, and compares outcome and events. */
export class Lockstep {
  readonly #redis: Redis
  readonly #quick: Quick
  readonly #script: string
  readonly #prefix: string = freshName("step")
  readonly #ledger = emptyLedger()
  readonly #known = new Set<string>()
  readonly #trace: string[] = []
  #heard = 0

  constructor(redis: Redis, quick: Quick, script: string = SCRIPTS.step) {
    this.#redis = redis
    this.#quick = quick
    this.#script = script
  }

  async send(command: Command, atMs: number): Promise<void> {
    if (formProblemOf(command) !== null) return
    const want = apply(this.#ledger, command, atMs)
    const terms = termsOf(command).filter(({ id }) => !this.#known.has(id))
    const { keys, args } = argumentsOf(command, {
      base: (division) => this.#base(division),
      shared: this.#base("*"),
      terms,
      nowMs: atMs,
      history: true,
      eventsKept: 10_000,
      auditKept: 10_000,
    })
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
    expect(plain(got.applied.outcome), this.#told()).toEqual(plain(want.outcome))
    expect(plain(await this.#events()), this.#told()).toEqual(plain(want.events))
  }

  #base(division: string): string {
    return baseOf(this.#prefix, division)
  }

  #told(): string {
    return this.#trace.join("\n")
  }

  async #events(): Promise<readonly unknown[]> {
    const log = `${this.#base("*")}outbox:log:events`
    const entries = await this.#redis.xrange(log, `${this.#heard + 1}-0`, "+")
    this.#heard += entries.length
    return entries.map(([, fields]) => {
      const read = eventFromWire(JSON.parse(fields[1] ?? ""))
      if (!read.ok) throw new Error(read.reason)
      return read.value
    })
  }
}

const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (key, one: unknown) =>
      key === "detail" ? undefined : one === Number.POSITIVE_INFINITY ? "Infinity" : one,
    ),
  )
