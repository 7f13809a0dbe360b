import {
  type Charge,
  type Command,
  NOTHING,
  type Outcome,
  type Plan,
  type Reserve,
  type Settle,
} from "@spendfuse/core/domain"
import type { Store } from "@spendfuse/core/ports"
import { planOf } from "./redisCalls.ts"

/** One process whose calls reserve and settle on five budgets; each tenth is refused, for its key is used up. */
export class Callers {
  readonly #source: string
  readonly #tenant: number
  readonly #answered = new Set<number>()
  #n = 0
  #done = 0
  #calls = 0
  #plan = planOf(0)
  #full: Plan
  #isFull: Promise<unknown> | null = null

  /** @param tenant whose key is used up; another one for each process */
  constructor(tenant: number) {
    this.#source = `host${tenant}`
    this.#tenant = tenant
    this.#full = planOf(tenant)
  }

  /** Before a round: plans of this hour, and a key with nothing left in it. */
  async prepare(store: Store): Promise<void> {
    const plan = planOf(0)
    const isNew = plan.lines[0]?.period.startMs !== this.#plan.lines[0]?.period.startMs
    if (!isNew && this.#isFull !== null) return
    this.#plan = plan
    this.#full = planOf(this.#tenant)
    this.#isFull = this.#useUp(store)
    await this.#isFull
  }

  /** Whether the call that comes next will be refused, and so is one command. */
  static isRefused(call: number): boolean {
    return call % 10 === 9
  }

  /** One call: reserve and settle, one after the other, or a reserve that is refused. */
  async call(store: Store): Promise<void> {
    this.#calls += 1
    if (Callers.isRefused(this.#calls)) {
      await this.#apply(store, this.#reserve(this.#full), "refused")
      return
    }
    const reserve = this.#reserve(this.#plan)
    await this.#apply(store, reserve, "reserved")
    await this.#apply(store, this.#settle(reserve), "settled")
  }

  /** As it comes about: the key's calls went well before. */
  async #useUp(store: Store): Promise<void> {
    const reserve = this.#reserve(this.#full)
    await this.#apply(store, reserve, "reserved")
    await this.#apply(store, this.#settle(reserve), "settled")
    await this.#apply(store, this.#charged(this.#full), "charged")
  }

  #reserve(plan: Plan): Reserve {
    const nowMs = Date.now()
    return {
      kind: "reserve",
      ...this.#head(plan.division),
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
  }

  #settle({ id, division }: Reserve): Settle {
    const actual = { usd: 100, tokens: 0, requests: 1 }
    const head = this.#head(division)
    return { kind: "settle", ...head, reservation: id, seq: 1, actual, final: true }
  }

  #charged({ division, lines }: Plan): Charge {
    const amounts = { usd: 1_000_000e9, tokens: 0, requests: 0 }
    const key = lines.filter(({ account }) => account.includes("key"))
    const head = this.#head(division)
    return { kind: "charge", ...head, lines: key, amounts, ends: null }
  }

  #head(division: string): Pick<Command, "id" | "done" | "division"> {
    this.#n += 1
    return { id: { source: this.#source, n: this.#n }, done: this.#done, division }
  }

  async #apply(store: Store, command: Command, expected: Outcome["kind"]): Promise<void> {
    const [applied] = await store.apply([command])
    if (applied?.outcome.kind !== expected) throw new Error(JSON.stringify(applied?.outcome))
    this.#answered.add(command.id.n)
    while (this.#answered.delete(this.#done + 1)) this.#done += 1
  }
}
