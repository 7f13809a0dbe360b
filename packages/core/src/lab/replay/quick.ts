import type { Line } from "../../domain/command.ts"
import type { Plan } from "../../domain/compile.ts"
import { handlesOf, REPLACED } from "../../domain/handles.ts"
import type { Handle, Ledger, Meter } from "../../domain/ledger.ts"
import { type Mutable, putReservation } from "../../domain/records.ts"
import { type Amounts, NOTHING } from "../../domain/terms.ts"

/*
 * The numeric path: what the step does to a ledger where every account is closed and no level is reached, without
 * a command, a reservation or an outcome: a hold is added to the meters, and taken from them again. Whatever else
 * it meets, it answers that the step must decide. A law holds replays with and without it to the same report.
 */

/** A hold that only its meters know. */
export interface QuickHold {
  readonly handles: readonly Handle[]
  readonly plan: Plan
  readonly usd: number
  readonly tokens: number
  readonly granted: number
}

/** The meters of a plan at hand, where all of them are plain; null where the step must look. */
export const plainHandles = (ledger: Ledger, lines: readonly Line[]): readonly Handle[] | null => {
  if (ledger.switches.size > 0) return null
  const handles = handlesOf(ledger, lines)
  if (handles === null) return null
  for (const { limits } of handles) if (limits.idleMs > 0) return null
  return handles
}

/** Whether none of them was written by a step since they were taken. */
export const areInPlace = (handles: readonly Handle[]): boolean => {
  for (const { meter } of handles) if (meter.period === REPLACED) return false
  return true
}

/**
 * The most output tokens that all lines allow; below 0 where the step must decide.
 *
 * @param requests of the hold: one, or what a sum stands for
 */
export const grantOf = (
  handles: readonly Handle[],
  nowMs: number,
  base: { readonly usd: number; readonly tokens: number; readonly requests: number },
  perUsd: number,
  units: { readonly least: number; readonly most: number },
): number => {
  let granted = units.most
  for (const { meter, limits, plainUntilMs } of handles) {
    const { unit, cap } = limits
    const { settled, held } = meter
    if (nowMs >= plainUntilMs || nowMs >= meter.period.endMs || settled >= limits.degradeAt)
      return -1
    const room = cap - settled - held - base[unit]
    const each = unit === "usd" ? perUsd : unit === "tokens" ? 1 : 0
    if (each * granted > room) {
      if (each === 0) return -1
      granted = Math.floor(room / each)
      if (granted < units.least) return -1
    } else if (room < 0) return -1
  }
  return base.usd + granted * perUsd <= QUICK_MAX ? granted : -1
}

/** Adds to what is held; takes it away where the amounts are below 0. */
export const addHeld = (
  handles: readonly Handle[],
  usd: number,
  tokens: number,
  requests: number,
): void => {
  for (const { meter, limits } of handles) {
    const { unit } = limits
    ;(meter as Mutable<Meter>).held += unit === "usd" ? usd : unit === "tokens" ? tokens : requests
  }
}

/**
 * What was used takes the place of what was held.
 *
 * @returns false where the step must do it; then nothing was changed
 */
export const settleQuickly = (
  { handles, usd, tokens }: Pick<QuickHold, "handles" | "usd" | "tokens">,
  nowMs: number,
  actualUsd: number,
  actualTokens: number,
  requests: number,
): boolean => {
  if (actualUsd > usd || actualTokens > tokens) return false
  for (const { meter, limits, plainUntilMs } of handles) {
    const { unit, nextLevel, cap } = limits
    const actual = unit === "usd" ? actualUsd : unit === "tokens" ? actualTokens : requests
    if (nowMs >= plainUntilMs || nowMs >= meter.period.keptUntilMs) return false
    if (meter.settled + actual >= nextLevel || meter.settled + meter.held > cap) return false
  }
  for (const { meter, limits } of handles) {
    const { unit } = limits
    const moving = meter as Mutable<Meter>
    moving.settled += unit === "usd" ? actualUsd : unit === "tokens" ? actualTokens : requests
    moving.held -= unit === "usd" ? usd : unit === "tokens" ? tokens : requests
  }
  return true
}

/** Writes the hold down as the step would have: from then on the step may settle it. */
export const writeDown = (
  ledger: Ledger,
  hold: QuickHold,
  id: { readonly source: string; readonly n: number },
  expiresAtMs: number,
  requests: number,
): Amounts => {
  const { plan, usd, tokens, granted } = hold
  const held = { usd, tokens, requests }
  const { division, lines, switches } = plan
  const rest = { seq: 0, settled: NOTHING, actual: NOTHING, lives: null, skipped: [], via: null }
  const state = "running" as const
  const record = { id, division, lines, switches, granted, expiresAtMs, state, hold: held, ...rest }
  putReservation(ledger, undefined, record)
  return held
}

const QUICK_MAX = 2 ** 50
