import type { Line } from "../../domain/command.ts"
import { isMeterOf } from "../../domain/meter.ts"
import type { Lease } from "../../domain/policy.ts"
import { viewOf } from "../../domain/view.ts"
import type { AccountRecord } from "../../ports/Store.ts"
import type { Part } from "./leasePart.ts"

/** A slice is reserved in so many parts, each when it is needed: so that the idle ones can be returned whole. */
const PARTS = 4
/** Holders of slices that a newcomer reckons with where something is held. */
const HOLDERS_GUESS = 8
const HOLDERS_MAX = 10_000

/**
 * What this host holds of one account in one period, under one set of terms. How large it may be hangs on
 * what a read of the account says; that it can never be spent twice hangs on the store's holds alone.
 */
export class Slice {
  readonly line: Line
  readonly lease: Lease
  parts: Part[] = []
  /** The largest hold that was asked for lately, in the line's unit. */
  hold = 0
  /** Calls that found no room here since the last heartbeat, and calls at all. */
  trips = 0
  uses = 0
  isAcquiring = false
  isBeating = false
  isDropped = false
  /** Until then every call asks the store: it was asked back, or is too small to share. */
  plainUntilMs: number = Number.NEGATIVE_INFINITY
  /** By the monotonic clock. */
  beatAtMs: number
  /** When it was last asked whether somebody waits for what is idle here; by that clock too. */
  lookedAtMs: number

  constructor(line: Line, lease: Lease, nowMs: number) {
    this.line = line
    this.lease = lease
    this.beatAtMs = nowMs + lease.forMs / 4
    this.lookedAtMs = nowMs
  }

  /** From then on a new period, or bucket, has a slice of its own. */
  get endsAtMs(): number {
    const { period, terms } = this.line
    return terms.slidingMs > 0 ? period.startMs + terms.bucketMs : period.endMs
  }

  get free(): number {
    let free = 0
    for (const part of this.parts) if (part.isOpen) free += part.free
    return free
  }

  /** Whether it has a part that could go back whole. */
  get hasIdle(): boolean {
    return this.parts.some((part) => part.running === 0 && !part.hasEnded)
  }

  /** What was spent of it and the store has not heard: it holds back the next part. */
  get untold(): number {
    return this.parts.reduce((sum, part) => sum + part.settled - part.reported, 0)
  }

  /** An open part with room for `amount`, or null. */
  partFor(amount: number, nowMs: number): Part | null {
    for (const part of this.parts)
      if (part.isOpen && part.free >= amount && nowMs < part.expiresAtMs) return part
    return null
  }

  /** The largest amount that one part has room for; −1 where none is open. */
  mostFree(nowMs: number): number {
    let most = -1
    for (const part of this.parts)
      if (part.isOpen && nowMs < part.expiresAtMs) most = Math.max(most, part.free)
    return most
  }

  /** Whether another part is worth a trip: the host asks often, and what it has runs out. */
  isLow(nowMs: number): boolean {
    if (this.isAcquiring || this.isDropped || nowMs < this.plainUntilMs) return false
    if (nowMs >= this.endsAtMs) return false
    if (this.parts.length === 0) return this.trips >= 2
    let size = 0
    for (const part of this.parts) size = Math.max(size, part.granted)
    return this.free < size / 2
  }

  /** What the next part should be: what of the slice is not held yet at most; 0 where that is under two holds. */
  sizeOf(record: AccountRecord): number {
    if (refuses(this.line, record)) return 0
    const { held, remaining, limit } = viewOf(record.account, this.line, record.storeTimeMs)
    const own = this.parts.reduce((sum, part) => sum + part.granted - part.reported, 0)
    const holders = own > 0 ? Math.ceil(held / own) : held > 0 ? HOLDERS_GUESS : 1
    const room = (remaining + own) / (4 * Math.max(1, Math.min(holders, HOLDERS_MAX)))
    const target = Math.floor(Math.min((limit / 100) * this.lease.sharePercent, room))
    if (target < 2 * this.hold || target < 2) return 0
    const size = Math.max(2 * this.hold, Math.ceil(target / PARTS))
    const fits = Math.min(size, target - own)
    return fits < 2 * this.hold ? 0 : fits
  }

  drop(part: Part): void {
    this.parts = this.parts.filter((other) => other !== part)
  }

  /** Nothing new is held on any part. */
  stop(untilMs: number): void {
    this.plainUntilMs = untilMs
    for (const part of this.parts) part.isOpen = false
  }
}

/**
 * Whether slices of the account are asked back: somebody was refused for `busy` and nobody admitted since, its
 * circuit is not closed, or a tier degrades, which a slice could not tell its callers.
 */
export const refuses = (line: Line, { account, storeTimeMs }: AccountRecord): boolean => {
  const meter = account?.meters.find((other) => isMeterOf(other, line))
  if (meter !== undefined && meter.notes.busySinceMs !== null) return true
  const { circuit, settled } = viewOf(account, line, storeTimeMs)
  return (
    circuit !== "closed" ||
    line.terms.tiers.some(({ degrade, at }) => degrade !== null && settled >= at)
  )
}

/** One account in one period under one set of terms. */
export const keyOf = ({ account, period, terms }: Line): string =>
  `${account}\n${period.startMs}\n${terms.id}`
