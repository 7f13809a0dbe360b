import fc from "fast-check"
import { MINUTE_MS } from "../../domain/time.ts"
import type { DeadLetter, OutboxRow, Store } from "../../ports/Store.ts"
import { canonical } from "./compare.ts"
import type { Desk } from "./desk.ts"
import { Differs } from "./failure.ts"
import type { History } from "./history.ts"
import { planned } from "./lockstep.ts"
import { historyOf } from "./moves.ts"
import { ODD_TEXTS } from "./names.ts"
import type { Proof } from "./prove.ts"
import { Told } from "./told.ts"

/** What one who tells does: claims, and says something of the first rows, or is never heard of again. */
interface Act {
  readonly channel: number
  readonly limit: number
  readonly leaseMs: number
  readonly says: "confirm" | "retry" | "dead" | "told" | "nothing" | "late" | "resend"
  /** Of how many of the rows it is said, and after how many that are left alone. */
  readonly of: number
  readonly but: number
  readonly why: string
  readonly passes: number
}

const anyAct: fc.Arbitrary<Act> = fc.record({
  channel: fc.constantFrom(0, 0, 0, 1, 2, 5),
  limit: fc.constantFrom(1, 2, 32),
  leaseMs: fc.constantFrom(1_000, 1_000, MINUTE_MS),
  says: fc.constantFrom("confirm", "retry", "dead", "told", "nothing", "late", "late", "resend"),
  of: fc.constantFrom(1, 2, 32),
  but: fc.constantFrom(0, 0, 1),
  why: fc.constantFrom("gone", ...ODD_TEXTS),
  passes: fc.constantFrom(0, 0, 999, 1_000, 1_000, MINUTE_MS - 1, MINUTE_MS),
})

/** C4. Between batches, some who tell come, also through another opening; at the end all is told. */
export const outbox: Proof<readonly [History, readonly Act[]]> = {
  id: "C4",
  cases: fc.tuple(
    historyOf({ stepsMax: 30 }),
    fc.array(anyAct, { minLength: 1, maxLength: 40, size: "max" }),
  ),
  walk: async (desk, [history, acts]) => {
    const { batches, accounts } = planned(desk, history)
    const told = new Told()
    const openings = await desk.openings(2)
    const deadFrom = await endOfDead(desk.store)
    try {
      const teller = new Teller(
        desk,
        told,
        openings.map(({ store }) => store),
      )
      const each = Math.ceil(acts.length / batches.length)
      for (const [at, batch] of batches.entries()) {
        const before = desk.trial.events.length
        await desk.take({ ...batch, atMs: Math.max(batch.atMs, desk.nowMs) }, accounts)
        told.write(desk.trial.events.slice(before), desk.nowMs)
        for (const act of acts.slice(at * each, (at + 1) * each)) await teller.act(act)
      }
      await teller.tellAll()
      await judgeDead(desk, told, deadFrom)
    } finally {
      await desk.closeOthers(openings)
    }
  },
}

class Teller {
  readonly #desk: Desk
  readonly #told: Told
  readonly #stores: readonly Store[]
  #turn = 0

  constructor(desk: Desk, told: Told, stores: readonly Store[]) {
    this.#desk = desk
    this.#told = told
    this.#stores = stores
  }

  async act({ channel, limit, leaseMs, says, of, but, why, passes }: Act): Promise<void> {
    const { channels } = this.#told
    const name = channels[channel % Math.max(1, channels.length)]
    if (name === undefined) return
    if (says === "late") return this.#overtaken(name, leaseMs)
    if (says === "resend") return this.#resend(of, but)
    const rows = await this.#claim(name, limit, leaseMs)
    this.#desk.nowMs += passes
    const ids = rows.slice(but, but + of).map(({ id }) => id)
    await this.#say(says, ids, why)
  }

  /** One who is slow says of its rows what it did after another has taken the first of them over. */
  async #overtaken(channel: string, leaseMs: number): Promise<void> {
    const slow = await this.#claim(channel, 32, leaseMs)
    this.#desk.nowMs += leaseMs
    const taken = await this.#claim(channel, 1, leaseMs)
    const late = slow.filter((row) => taken.every(({ id }) => id !== row.id))
    await this.#say("confirm", late.map(({ id }) => id).slice(-1), "")
    await this.#claim(channel, 1, leaseMs)
  }

  /** Until nothing waits: each row comes, and after it is confirmed never again. */
  async tellAll(): Promise<void> {
    while (!this.#told.isEmpty) {
      this.#desk.nowMs = Math.max(this.#desk.nowMs, this.#told.nextMs)
      for (const channel of this.#told.channels) {
        const rows = await this.#claim(channel, 32, 1_000)
        await this.#say(
          "confirm",
          rows.map(({ id }) => id),
          "",
        )
      }
    }
    for (const channel of [...CHANNELS, "events"]) {
      const rows = await this.#claim(channel, 32, 1_000)
      if (rows.length > 0) throw new Differs(null, `a claim of ${channel} at the end`, [], rows)
    }
  }

  async #claim(channel: string, limit: number, leaseMs: number): Promise<readonly OutboxRow[]> {
    const { nowMs } = this.#desk
    const rows = await this.#next().claim(channel, limit, leaseMs)
    this.#told.claim(rows, { channel, limit, leaseMs, nowMs })
    return rows
  }

  async #say(says: Act["says"], ids: readonly string[], why: string): Promise<void> {
    const store = this.#next()
    if (says === "confirm") {
      await store.confirm([...ids, "of nobody#log"])
      this.#told.confirm(ids)
    } else if (says === "dead") {
      await store.deadLetter(ids, why)
      this.#told.deadLetter(ids, { why, tell: [], nowMs: this.#desk.nowMs })
    } else if (says === "told") {
      await this.#die(ids, why)
    } else if (says === "retry") {
      const dueAtMs = this.#desk.nowMs + MINUTE_MS
      await store.retry(ids, dueAtMs)
      this.#told.retry(ids, dueAtMs)
    }
  }

  /** What is told of rows that died is told once, though it is said twice, and nothing where nothing died. */
  async #die(ids: readonly string[], why: string): Promise<void> {
    const { nowMs } = this.#desk
    const tell = this.#told.undelivered(ids, CHANNELS[this.#turn % CHANNELS.length] ?? "log")
    await this.#next().deadLetter(["of nobody#log"], why, tell)
    await this.#next().deadLetter(ids, why, tell)
    await this.#next().deadLetter(ids, why, tell)
    const known = this.#told.deadLetter(ids, { why, tell, nowMs })
    if (known > 0) await this.#desk.hear(tell)
  }

  /** Some dead letters go back, once. */
  async #resend(of: number, but: number): Promise<void> {
    const ids = this.#told.dead.slice(but, but + of).map(({ id }) => id)
    const answered = [
      await this.#next().resend([...ids, "of nobody#log"]),
      await this.#next().resend(ids),
    ]
    const known = [this.#told.resend(ids, this.#desk.nowMs), 0]
    if (canonical(answered) !== canonical(known))
      throw new Differs(null, "how many dead letters were sent again, and then", known, answered)
  }

  #next(): Store {
    this.#turn += 1
    return this.#stores[this.#turn % this.#stores.length] as Store
  }
}

const CHANNELS = ["log", "page", "slack", "oncall"] as const

const endOfDead = async (store: Store): Promise<string | null> => {
  let end: string | null = null
  for (;;) {
    const page = await store.deadLetters(end === null ? { limit: 100 } : { after: end, limit: 100 })
    if (page.next === null) return end
    end = page.next
  }
}

/** Dead letters of one account in their order; of several in any, where divisions are apart. */
const judgeDead = async (desk: Desk, told: Told, after: string | null): Promise<void> => {
  const found: DeadLetter[] = []
  let at = after
  for (;;) {
    const page = await desk.store.deadLetters(at === null ? { limit: 3 } : { after: at, limit: 3 })
    found.push(...page.items)
    if (page.next === null || page.items.length === 0) break
    at = page.next
  }
  const sorted = (letters: readonly DeadLetter[]): readonly DeadLetter[] =>
    desk.spansDivisions
      ? letters
      : [...letters].sort((a, b) => (a.account < b.account ? -1 : a.account > b.account ? 1 : 0))
  if (canonical(sorted(found)) !== canonical(sorted(told.dead)))
    throw new Differs(null, "dead letters", sorted(told.dead), sorted(found))
}
