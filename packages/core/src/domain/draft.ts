import type { Line } from "./command.ts"
import type { DomainEvent } from "./event.ts"
import {
  type Account,
  CLOSED,
  type Ledger,
  type Meter,
  type Reservation,
  type Source,
  type Switch,
} from "./ledger.ts"
import { emptyMeter, meterStart } from "./meter.ts"
import type { EpochMs } from "./time.ts"

/**
 * What a decision writes: the state after it of every record it touched. Free of rules, so that a
 * journal of changes rebuilds the same ledger under any later version; `null` removes.
 */
export type Change =
  | { readonly kind: "account"; readonly key: string; readonly value: Account | null }
  | { readonly kind: "reservation"; readonly key: string; readonly value: Reservation | null }
  | { readonly kind: "source"; readonly key: string; readonly value: Source | null }
  | { readonly kind: "switch"; readonly key: string; readonly value: Switch | null }

/** A view of a ledger with a decision's own writes on top. The ledger below is only read. */
export class Draft {
  readonly ledger: Ledger
  readonly nowMs: EpochMs
  readonly events: DomainEvent[] = []
  readonly #changes = new Map<string, Change>()

  constructor(ledger: Ledger, nowMs: EpochMs) {
    this.ledger = ledger
    this.nowMs = nowMs
  }

  get changes(): readonly Change[] {
    return [...this.#changes.values()]
  }

  account(line: Pick<Line, "account" | "division">): Account {
    return (
      this.findAccount(line.account) ?? {
        key: line.account,
        division: line.division,
        circuit: CLOSED,
        meters: [],
      }
    )
  }

  findAccount(key: string): Account | undefined {
    const change = this.#changes.get(`account ${key}`)
    return change?.kind === "account" ? (change.value ?? undefined) : this.ledger.accounts.get(key)
  }

  /** The line's meter as it stands now: empty where it was never used, or has been idle for a lifetime. */
  meter(line: Line): Meter {
    return this.findMeter(line) ?? emptyMeter(line, this.nowMs)
  }

  findMeter(line: Line): Meter | undefined {
    const account = this.findAccount(line.account)
    const start = meterStart(line)
    const meter = account?.meters.find((other) => other.period.startMs === start)
    if (meter === undefined || account === undefined) return undefined
    const { idleMs } = line.terms
    const idle = idleMs > 0 && meter.held === 0 && this.nowMs - meter.usedAtMs >= idleMs
    return idle && account.circuit.state === "closed" ? undefined : meter
  }

  /** Whether the line's period is still kept: until one more is over, or while something is held on it. */
  keeps(line: Line): boolean {
    return this.nowMs < line.period.keptUntilMs || (this.findMeter(line)?.held ?? 0) > 0
  }

  putMeter(line: Line, meter: Meter): void {
    const account = this.account(line)
    const start = meterStart(line)
    const keep = (other: Meter): boolean =>
      other.period.startMs !== start && (other.held > 0 || this.nowMs < other.period.keptUntilMs)
    const buckets = meter.buckets.filter((bucket) => this.nowMs < bucket.period.keptUntilMs)
    const next = { ...meter, buckets, usedAtMs: Math.max(meter.usedAtMs, this.nowMs) }
    const meters = [...account.meters.filter(keep), next]
    this.putAccount({
      ...account,
      meters: meters.sort((a, b) => a.period.startMs - b.period.startMs),
    })
  }

  putAccount(value: Account): void {
    this.#changes.set(`account ${value.key}`, { kind: "account", key: value.key, value })
  }

  reservation(key: string): Reservation | undefined {
    const change = this.#changes.get(`reservation ${key}`)
    return change?.kind === "reservation"
      ? (change.value ?? undefined)
      : this.ledger.reservations.get(key)
  }

  putReservation(key: string, value: Reservation | null): void {
    this.#changes.set(`reservation ${key}`, { kind: "reservation", key, value })
  }

  source(key: string): Source | undefined {
    const change = this.#changes.get(`source ${key}`)
    return change?.kind === "source" ? (change.value ?? undefined) : this.ledger.sources.get(key)
  }

  putSource(key: string, value: Source): void {
    this.#changes.set(`source ${key}`, { kind: "source", key, value })
  }

  /** The switch where it is off now. */
  switchedOff(key: string): Switch | undefined {
    const found = this.ledger.switches.get(key)
    if (found === undefined) return undefined
    return found.untilMs !== null && found.untilMs <= this.nowMs ? undefined : found
  }

  putSwitch(key: string, value: Switch | null): void {
    this.#changes.set(`switch ${key}`, { kind: "switch", key, value })
  }
}

/** Applies what a decision writes to the ledger, in place. */
export const evolve = (ledger: Ledger, changes: readonly Change[]): void => {
  for (const change of changes) {
    switch (change.kind) {
      case "account":
        put(ledger.accounts, change.key, change.value)
        break
      case "reservation":
        put(ledger.reservations, change.key, change.value)
        break
      case "source":
        put(ledger.sources, change.key, change.value)
        break
      case "switch":
        put(ledger.switches, change.key, change.value)
        break
    }
  }
}

const put = <V>(map: Map<string, V>, key: string, value: V | null): void => {
  if (value === null) map.delete(key)
  else map.set(key, value)
}
