import type { Ledger } from "../../src/domain.ts"
import { type At, PERIOD_MS, type Walked } from "./histories.ts"

interface Part {
  readonly account: string
  readonly startMs: number
  hold: number
  settled: number
}

interface Call {
  readonly parts: Part[]
  expiresAtMs: number
  state: "running" | "expired" | "ended"
  seq: number
  actual: number
}

/** What the amounts must be, told from what was asked and answered alone: the laws' own book-keeping. */
export class Model {
  readonly #calls = new Map<number, Call>()
  readonly #other = new Map<string, number>()

  /** Takes one step; `at` is what was asked, the outcome says only whether it was done. */
  take({ any, atMs }: At, n: number, { decision }: Walked): void {
    const { outcome } = decision
    // A Reserve that was released before it came is answered from what is known, and sweeps nothing.
    if (any.kind === "reserve" && outcome.kind === "error") return
    this.#sweep(atMs)
    const startMs = Math.floor(atMs / PERIOD_MS) * PERIOD_MS
    if (any.kind === "reserve" && outcome.kind === "reserved") {
      const hold = any.base + outcome.granted * any.per
      this.#calls.set(n, {
        parts: any.accounts.map((account) => ({
          account: `b/${account}`,
          startMs,
          hold,
          settled: 0,
        })),
        expiresAtMs: atMs + any.life,
        state: "running",
        seq: 0,
        actual: 0,
      })
    }
    if (any.kind === "charge" && outcome.kind === "charged")
      for (const account of any.accounts) this.#add(`b/${account}`, startMs, any.amount)
    if (any.kind === "adjust" && outcome.kind === "adjusted") {
      const settled = this.settled(`b/${any.account}`, startMs)
      this.#add(`b/${any.account}`, startMs, Math.max(any.amount, -settled))
    }
    if (!("of" in any)) return
    const call = this.#calls.get(any.of)
    if (call === undefined || call.state === "ended") return
    if (any.kind === "settle" && outcome.kind === "settled" && any.seq > call.seq)
      this.#settle(call, any.actual, any.final, any.seq, atMs)
    if (any.kind === "release" && outcome.kind === "released")
      this.#settle(call, call.actual, true, call.seq, atMs)
    if (any.kind === "extend" && outcome.kind === "extended")
      for (const part of call.parts) part.hold += any.more
  }

  settled(account: string, startMs: number): number {
    let sum = this.#other.get(`${account}@${startMs}`) ?? 0
    for (const part of this.#parts(account, startMs)) sum += part.settled
    return sum
  }

  held(account: string, startMs: number): number {
    let sum = 0
    for (const call of this.#calls.values()) {
      if (call.state !== "running") continue
      for (const part of call.parts)
        if (part.account === account && part.startMs === startMs)
          sum += Math.max(0, part.hold - part.settled)
    }
    return sum
  }

  /** Differences between the ledger and the book; none where all is well. */
  differences(ledger: Ledger, atMs: number): readonly string[] {
    const found: string[] = []
    for (const account of ledger.accounts.values())
      for (const { period, settled, held } of account.meters) {
        const at = `${account.key}@${period.startMs}`
        const [mustSettled, mustHeld] = [
          this.settled(account.key, period.startMs),
          this.held(account.key, period.startMs),
        ]
        if (settled !== mustSettled) found.push(`${at}: settled ${settled}, not ${mustSettled}`)
        if (held !== mustHeld) found.push(`${at}: held ${held}, not ${mustHeld}`)
        if (settled < 0 || held < 0) found.push(`${at}: negative`)
      }
    for (const { account, startMs } of [...this.#calls.values()].flatMap(({ parts }) => parts)) {
      const isKept = atMs < startMs + 2 * PERIOD_MS
      const meter = ledger.accounts
        .get(account)
        ?.meters.find(({ period }) => period.startMs === startMs)
      if (isKept && meter === undefined && this.settled(account, startMs) > 0)
        found.push(`${account}@${startMs}: forgotten too early`)
    }
    return found
  }

  #settle(call: Call, actual: number, final: boolean, seq: number, atMs: number): void {
    for (const part of call.parts) {
      const isKept =
        atMs < part.startMs + 2 * PERIOD_MS || this.held(part.account, part.startMs) > 0
      if (!isKept) continue
      part.settled = call.state === "expired" && !final ? Math.max(part.settled, actual) : actual
    }
    call.actual = actual
    call.seq = seq
    if (final) call.state = "ended"
    // What a correction has taken back already is not given back a second time.
    for (const { account, startMs } of call.parts) {
      const below = Math.min(0, this.settled(account, startMs))
      if (below < 0) this.#add(account, startMs, -below)
    }
  }

  #sweep(atMs: number): void {
    for (const call of this.#calls.values()) {
      if (call.state !== "running" || call.expiresAtMs > atMs) continue
      for (const part of call.parts) part.settled += Math.max(0, part.hold - part.settled)
      call.state = "expired"
    }
  }

  #add(account: string, startMs: number, amount: number): void {
    const key = `${account}@${startMs}`
    this.#other.set(key, (this.#other.get(key) ?? 0) + amount)
  }

  *#parts(account: string, startMs: number): Iterable<Part> {
    for (const { parts } of this.#calls.values())
      for (const part of parts) if (part.account === account && part.startMs === startMs) yield part
  }
}
