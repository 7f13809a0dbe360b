import type { Command, Reserve, Settle } from "@spendfuse/core/domain"
import { compile, NOTHING, type Plan } from "@spendfuse/core/domain"
import type { Applied, Store } from "@spendfuse/core/ports"
import { fivePolicy, subjectOf } from "./core.ts"
import type { Contender } from "./rounds.ts"

/** How long one command took, in milliseconds. */
export type Heard = (ms: number) => void

/** Does `n` pieces of work with so many callers at once, each one after the other. */
export const callersOf = (callers: number, one: (i: number) => Promise<unknown>): Contender => ({
  run: async (n) => {
    let next = 0
    const caller = async (): Promise<void> => {
      while (next < n) {
        const i = next
        next += 1
        await one(i)
      }
    }
    await Promise.all(Array.from({ length: callers }, caller))
  },
})

/** One process that reserves and settles on stores: numbers its commands, and says which are answered. */
export class Host {
  readonly #source: string
  readonly #answered = new Set<number>()
  #n = 0
  #done = 0

  constructor(source: string) {
    this.#source = source
  }

  /** Reserve and settle, one command after the other. */
  async call(stores: Stores, plan: Plan, heard?: Heard): Promise<void> {
    const nowMs = Date.now()
    const reserve: Reserve = {
      kind: "reserve",
      ...this.#head(plan),
      issuedAtMs: nowMs,
      lines: plan.lines,
      switches: plan.switches,
      base: { usd: 500, tokens: 0, requests: 1 },
      perUnit: NOTHING,
      units: { least: 0, most: 0 },
      expiresAtMs: nowMs + 600_000,
      via: null,
      swallowed: 0,
    }
    await this.#apply(stores.reserve, reserve, heard)
    const settle: Settle = {
      kind: "settle",
      ...this.#head(plan),
      reservation: reserve.id,
      seq: 1,
      actual: { usd: 100, tokens: 0, requests: 1 },
      final: true,
    }
    await this.#apply(stores.settle, settle, heard)
  }

  #head(plan: Plan): Pick<Command, "id" | "done" | "division"> {
    this.#n += 1
    return { id: { source: this.#source, n: this.#n }, done: this.#done, division: plan.division }
  }

  async #apply(store: Store, command: Command, heard: Heard | undefined): Promise<void> {
    const startMs = performance.now()
    const [applied] = (await store.apply([command])) as readonly [Applied]
    heard?.(performance.now() - startMs)
    const { kind } = applied.outcome
    if (kind !== "reserved" && kind !== "settled") throw new Error(JSON.stringify(applied.outcome))
    this.#answered.add(command.id.n)
    while (this.#answered.delete(this.#done + 1)) this.#done += 1
  }
}

/** Where each of a call's two commands goes. */
export interface Stores {
  readonly reserve: Store
  readonly settle: Store
}

/** The five lines of a subject, of this hour. */
export const planOf = (i: number): Plan => {
  const plan = compile(fivePolicy, subjectOf(i), Date.now())
  if ("missing" in plan) throw new Error(plan.missing)
  return plan
}
