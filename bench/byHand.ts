import {
  compile,
  emptyLedger,
  type Ledger,
  NOTHING,
  type Outcome,
  type Reserve,
  type Settle,
} from "@spendfuse/core/domain"
import { handlesOf } from "../packages/core/src/domain/handles.ts"
import { recall, sourceOf } from "../packages/core/src/domain/once.ts"
import { problemOf } from "../packages/core/src/domain/validate.ts"
import { commandsOf, coreContender, fivePolicy, NOW_MS, subjectOf } from "./core.ts"
import type { Contender } from "./rounds.ts"

/**
 * The same rules over the same ledger, written as one writes them without a thought of purity: what is
 * looked up is moved where it is found. No decision, no change, nothing looked up a second time.
 */
export const byHandContender = (): Contender => {
  const ledger = emptyLedger()
  const plan = compile(fivePolicy, subjectOf(0), NOW_MS)
  if ("missing" in plan) throw new Error(plan.missing)
  // The accounts are made by the full rules.
  coreContender(1, ledger).run(1)
  let count = 1
  return {
    run: (n) => {
      for (let i = 0; i < n; i += 1) {
        count += 1
        const [reserve, settle] = commandsOf(plan, count)
        if (reserveByHand(ledger, reserve, NOW_MS).kind !== "reserved") throw new Error("refused")
        if (settleByHand(ledger, settle, NOW_MS).kind !== "settled") throw new Error("not settled")
      }
    },
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

const SKEW_MAX_MS = 600_000
const QUICK_MAX = 2 ** 50

const reserveByHand = (ledger: Ledger, command: Reserve, nowMs: number): Outcome => {
  const source = begun(ledger, command, nowMs)
  const skewMs = command.issuedAtMs - nowMs
  if (skewMs > SKEW_MAX_MS || skewMs < -SKEW_MAX_MS) throw new Error("skewed")
  if (ledger.switches.size > 0) throw new Error("off")
  const { id, division, lines, switches, expiresAtMs, via, base, perUnit, units } = command
  if (ledger.reservations.get(id, division) !== undefined) throw new Error("conflict")
  const handles = handlesOf(ledger, lines)
  if (handles === null) throw new Error("not plain")
  let granted = units.most
  for (const { meter, limits } of handles) {
    const { unit, cap, idleMs, degradeAt } = limits
    if (nowMs >= meter.period.keptUntilMs || (idleMs > 0 && nowMs - meter.usedAtMs >= idleMs))
      throw new Error("over")
    if (meter.settled + meter.held > QUICK_MAX || meter.settled >= degradeAt)
      throw new Error("full")
    const room = cap - meter.settled - meter.held - base[unit]
    const each = perUnit[unit]
    if (each * granted > room) granted = Math.floor(room / each)
    else if (room < 0) throw new Error("exhausted")
  }
  const hold = granted === 0 ? base : scaled(command, granted)
  for (const { meter, limits } of handles)
    (meter as Mutable<typeof meter>).held += hold[limits.unit]
  const reservation = {
    id,
    division,
    lines,
    switches,
    granted,
    expiresAtMs,
    state: "running" as const,
    seq: 0,
    hold,
    settled: NOTHING,
    actual: NOTHING,
    lives: null,
    skipped: NONE,
    via,
  }
  ledger.reservations.put(reservation)
  ledger.expiries.put(reservation)
  const outcome: Outcome = granted === 0 ? RESERVED : { kind: "reserved", granted }
  source.entries.set(id.n, { command, outcome, ended: null })
  return outcome
}

const settleByHand = (ledger: Ledger, command: Settle, nowMs: number): Outcome => {
  const source = begun(ledger, command, nowMs)
  const { actual, reservation: id, division } = command
  if (source.entries.get(command.id.n) !== undefined) throw new Error("known")
  const found = ledger.reservations.get(id, division)
  if (found === undefined || found.state !== "running" || command.seq <= found.seq)
    throw new Error("not running")
  if (ledger.switches.size > 0) throw new Error("off")
  const { hold, settled } = found
  const handles = handlesOf(ledger, found.lines)
  if (handles === null) throw new Error("not plain")
  for (const { meter, limits } of handles) {
    const { unit, nextLevel, cap } = limits
    if (nowMs >= meter.period.endMs || actual[unit] > hold[unit]) throw new Error("over")
    if (meter.settled + meter.held > cap) throw new Error("overshoot")
    const moving = meter as Mutable<typeof meter>
    moving.settled += actual[unit] - settled[unit]
    moving.held += settled[unit] - hold[unit]
    if (moving.settled >= nextLevel) throw new Error("fires")
  }
  ledger.reservations.delete(id, division)
  source.entries.set(command.id.n, { command, outcome: SETTLED, ended: null })
  return SETTLED
}

/** What every command meets first: is it sound, is it new, is anything due. */
const begun = (ledger: Ledger, command: Reserve | Settle, nowMs: number) => {
  const problem = problemOf(command, nowMs, ledger.handles.knows)
  if (problem !== null) throw new Error(problem)
  const source = sourceOf(ledger, command, nowMs)
  if (source === undefined || recall(source, command) !== null) throw new Error("known")
  if (ledger.expiries.takeDue(command.division, nowMs, 16).length > 0) throw new Error("due")
  ledger.rounds.isDue()
  const moving = source as Mutable<typeof source>
  if (command.done > source.done) {
    source.entries.deleteUpTo(source.done, command.done)
    moving.done = command.done
  }
  moving.lastAtMs = nowMs
  return source
}

const scaled = ({ base, perUnit }: Reserve, n: number) => ({
  usd: base.usd + n * perUnit.usd,
  tokens: base.tokens + n * perUnit.tokens,
  requests: base.requests + n * perUnit.requests,
})

const NONE: readonly string[] = Object.freeze([])
const RESERVED: Outcome = Object.freeze({ kind: "reserved", granted: 0 })
const SETTLED: Outcome = Object.freeze({ kind: "settled", drain: false, skipped: NONE })
