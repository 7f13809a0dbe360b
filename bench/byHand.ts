import type { Line, Reserve, Settle } from "@spendfuse/core/domain"
import { compile } from "@spendfuse/core/domain"
import { commandsOf, fivePolicy, NOW_MS, subjectOf } from "./core.ts"
import type { Contender } from "./rounds.ts"

/**
 * The same rules for the same commands, written as one writes them without a thought of purity: checks and
 * moves amounts in one go, makes no decision and no list of changes. What it keeps and answers is the same:
 * the reservation, the outcome by number, when it ends.
 */
export const byHandContender = (subjects: number): Contender => {
  const plans = Array.from({ length: subjects }, (_, i) => {
    const plan = compile(fivePolicy, subjectOf(i), NOW_MS)
    if ("missing" in plan) throw new Error(plan.missing)
    return plan
  })
  const ledger = new HandLedger()
  let count = 0
  return {
    run: (n) => {
      for (let i = 0; i < n; i += 1) {
        const plan = plans[count % subjects]
        if (plan === undefined) throw new Error("no plan")
        count += 1
        const [reserve, settle] = commandsOf(plan, count)
        if (ledger.reserve(reserve, NOW_MS).kind !== "reserved") throw new Error("refused")
        if (ledger.settle(settle, NOW_MS).kind !== "settled") throw new Error("not settled")
      }
    },
  }
}

interface HandMeter {
  readonly line: Line
  settled: number
  held: number
  readonly cap: number
  nextLevel: number
  usedAtMs: number
}

interface HandReservation {
  readonly command: Reserve
  readonly meters: readonly HandMeter[]
  readonly hold: number
}

type Answer = { readonly kind: "reserved"; readonly granted: number } | { readonly kind: "settled" }

class HandLedger {
  readonly #meters = new Map<string, HandMeter>()
  readonly #handles = new WeakMap<readonly Line[], readonly HandMeter[]>()
  readonly #reservations = new Map<number, HandReservation>()
  readonly #answers = new Map<
    number,
    { readonly command: Reserve | Settle; readonly answer: Answer }
  >()
  readonly #switches = new Set<string>()
  #done = 0
  #dueAtMs = Number.POSITIVE_INFINITY

  reserve(command: Reserve, nowMs: number): Answer {
    if (!Number.isSafeInteger(command.base.usd) || command.base.usd < 0) throw new Error("bad")
    if (command.id.n <= this.#done || this.#answers.has(command.id.n)) throw new Error("known")
    if (nowMs >= this.#dueAtMs) throw new Error("due")
    if (this.#switches.size > 0) throw new Error("off")
    const meters = this.#metersOf(command.lines)
    const hold = command.base.usd
    for (const meter of meters) {
      if (nowMs >= meter.line.period.endMs) throw new Error("over")
      if (meter.settled + meter.held + hold > meter.cap) throw new Error("exhausted")
    }
    for (const meter of meters) {
      meter.held += hold
      meter.usedAtMs = nowMs
    }
    this.#reservations.set(command.id.n, { command, meters, hold })
    if (command.expiresAtMs < this.#dueAtMs) this.#dueAtMs = command.expiresAtMs
    return this.#answered(command, RESERVED)
  }

  settle(command: Settle, nowMs: number): Answer {
    if (!Number.isSafeInteger(command.actual.usd) || command.actual.usd < 0) throw new Error("bad")
    if (command.id.n <= this.#done || this.#answers.has(command.id.n)) throw new Error("known")
    const reservation = this.#reservations.get(command.reservation.n)
    if (reservation === undefined) throw new Error("unknown")
    const used = command.actual.usd
    for (const meter of reservation.meters) {
      meter.held -= reservation.hold
      meter.settled += used
      meter.usedAtMs = nowMs
      if (meter.settled >= meter.nextLevel) throw new Error("fires")
    }
    this.#reservations.delete(command.reservation.n)
    return this.#answered(command, SETTLED)
  }

  #answered(command: Reserve | Settle, answer: Answer): Answer {
    while (this.#done < command.done) {
      this.#done += 1
      this.#answers.delete(this.#done)
    }
    this.#answers.set(command.id.n, { command, answer })
    return answer
  }

  #metersOf(lines: readonly Line[]): readonly HandMeter[] {
    const known = this.#handles.get(lines)
    if (known !== undefined) return known
    const made = lines.map((line) => {
      const found = this.#meters.get(line.account)
      if (found !== undefined) return found
      const cap = line.terms.limit
      const meter = { line, settled: 0, held: 0, cap, nextLevel: cap / 2, usedAtMs: 0 }
      this.#meters.set(line.account, meter)
      return meter
    })
    this.#handles.set(lines, made)
    return made
  }
}

const RESERVED: Answer = Object.freeze({ kind: "reserved", granted: 0 })
const SETTLED: Answer = Object.freeze({ kind: "settled" })
