import type { Line, Terms } from "../../../src/domain.ts"
import {
  type Call,
  type Circuit,
  levelAfter,
  levelBelow,
  type Meter,
  type Part,
  startOf,
  sum,
  type Told,
} from "./facts.ts"

/** What is known of accounts, and what of it counts. */
export class Meters {
  protected now = 0
  protected events: Told[] = []
  protected readonly calls: Call[] = []
  protected readonly circuits = new Map<string, Circuit>()
  protected meters: Meter[] = []
  #lives = 0

  protected circuit(account: string): Circuit {
    const known = this.circuits.get(account)
    if (known !== undefined) return known
    const made: Circuit = {
      state: "closed",
      generation: 0,
      observed: false,
      until: 0,
      since: 0,
      told: new Set(),
      waiting: [],
      nextAt: 0,
      every: 0,
      waitsSince: 0,
      step: 0,
      cause: null,
      trip: null,
      probed: { start: null, allowance: 0, fresh: 0 },
    }
    this.circuits.set(account, made)
    return made
  }

  /** The line's meter; a session that was idle has a new one. */
  protected meter(line: Line): Meter {
    const start = startOf(line)
    const known = this.meters.find(
      (meter) => meter.account === line.account && meter.start === start,
    )
    if (known !== undefined && !this.isIdle(known)) return known
    this.meters = this.meters.filter((meter) => meter !== known)
    this.#lives += 1
    const made: Meter = {
      life: this.#lives,
      account: line.account,
      start,
      keptUntil: start === 0 ? Number.POSITIVE_INFINITY : line.period.keptUntilMs,
      endsAt: start === 0 ? Number.POSITIVE_INFINITY : line.period.endMs,
      bornAt: null,
      told: new Set(),
      ends: 0,
      terms: line.terms,
      spent: [],
      fired: new Map(),
      acknowledged: 0,
      acknowledgedAt: 0,
      allow: null,
      refusals: 0,
      refusedAt: Number.NEGATIVE_INFINITY,
      busySince: null,
      said: new Set(),
      usedAt: this.now,
    }
    this.meters.push(made)
    return made
  }

  protected touch(line: Line): Meter {
    const meter = this.meter(line)
    this.use(meter)
    meter.terms = line.terms
    return meter
  }

  protected use(meter: Meter): void {
    meter.bornAt ??= this.now
    meter.usedAt = Math.max(meter.usedAt, this.now)
  }

  protected isIdle(meter: Meter): boolean {
    const { idleMs, slidingMs } = meter.terms
    const unusedFor = this.now - meter.usedAt
    if (this.held(meter) > 0) return false
    if (idleMs > 0) return unusedFor >= idleMs
    return slidingMs > 0 && unusedFor >= 3 * slidingMs && this.settled(meter, this.now) === 0
  }

  protected settled(meter: Meter, at: number): number {
    const counts = meter.spent.filter(
      ({ line }) => line.terms.slidingMs === 0 || line.period.endMs > at,
    )
    return sum(counts.map(({ amount }) => amount))
  }

  protected holding(meter: Meter): readonly [Call, Part][] {
    return this.calls
      .filter(({ state }) => state === "running")
      .flatMap((call) => call.parts.map((part): [Call, Part] => [call, part]))
      .filter(
        ([, { line, hold, settled }]) =>
          line.account === meter.account && startOf(line) === meter.start && hold > settled,
      )
  }

  protected held(meter: Meter): number {
    return sum(this.holding(meter).map(([, { hold, settled }]) => hold - settled))
  }

  /** An acknowledgement of a sliding window lasts one length. */
  protected lapse(meter: Meter): void {
    const { slidingMs } = meter.terms
    if (slidingMs === 0 || this.now - meter.acknowledgedAt < slidingMs) return
    meter.acknowledged = 0
    meter.allow = null
  }

  protected acknowledged(meter: Meter): number {
    this.lapse(meter)
    return meter.acknowledged
  }

  protected cap(meter: Meter, terms: Terms): number {
    const blocking = terms.tiers.filter((tier) => tier.effect !== null)
    const acknowledged = this.acknowledged(meter)
    const levels = blocking.map((tier) => levelAfter(tier, acknowledged))
    return Math.min(
      Number.POSITIVE_INFINITY,
      ...levels,
      ...(meter.allow === null ? [] : [meter.allow.amount]),
    )
  }

  protected rearm(meter: Meter): void {
    if (meter.terms.slidingMs === 0) return
    this.lapse(meter)
    const used = this.settled(meter, this.now) + this.held(meter)
    for (const [key, fired] of meter.fired) {
      const [at, repeat] = JSON.parse(key) as [number, number]
      let highest = fired
      while (highest > 0 && used * 10 <= highest * 9)
        highest = levelBelow({ at, repeat }, highest - 1)
      meter.fired.set(key, highest)
    }
  }

  protected isCurrent(meter: Meter): boolean {
    if (meter.start === 0) return true
    const line = meter.spent[0]?.line ?? this.holding(meter)[0]?.[1].line
    const end = line?.period.endMs ?? meter.start + 3_600_000
    return meter.start <= this.now && this.now < end
  }

  /** Until one more period is over; of a window that is one meter, a hold elsewhere in it keeps nothing. */
  protected isKept(line: Line): boolean {
    if (this.now < line.period.keptUntilMs) return true
    return line.terms.slidingMs === 0 && this.held(this.meter(line)) > 0
  }

  protected isAlive({ state }: Call, { line, life, hold, settled }: Part): boolean {
    if (state === "running" && hold > settled) return true
    if (line.terms.idleMs === 0) return this.isKept(line)
    return this.meters.some((meter) => meter.life === life && !this.isIdle(meter))
  }
}
