import type { Line, TierTerms } from "../../../src/domain.ts"
import { type Circuit, levelAfter, levelBelow, type Meter, type Told, type Trip } from "./facts.ts"
import { finite, firstOf, Hearing } from "./hearing.ts"

/** What moves circuits, and what they and the meters refuse. */
export class Circuits extends Hearing {
  protected readonly switches = new Map<string, number | null>()

  /** Moves what is settled and fires what that reaches. */
  protected spend(line: Line, delta: number): void {
    const meter = this.meter(line)
    const cap = this.cap(meter, line.terms)
    const start = line.period.startMs
    let own = meter.spent.find((spend) => spend.line.period.startMs === start)
    if (own === undefined) {
      own = { line, amount: 0 }
      meter.spent.push(own)
    }
    own.amount = Math.max(0, own.amount + delta)
    if (delta <= 0) return
    const settled = this.settled(meter, this.now)
    this.fire(line, meter, settled)
    if (!line.terms.observe && settled + this.held(meter) > cap) this.say(line, "overshoot")
  }

  protected fire(line: Line, meter: Meter, amount: number): void {
    const circuit = this.circuit(line.account)
    const reached = new Map<number, Reached>()
    const at = (level: number): Reached => {
      const known = reached.get(level) ?? { passed: 0, tiers: [] }
      reached.set(level, known)
      return known
    }
    for (const tier of line.terms.tiers) {
      const key = JSON.stringify([tier.at, tier.repeat])
      let passed = 0
      let highest = meter.fired.get(key) ?? 0
      for (let next = levelAfter(tier, highest); next <= amount; next = levelAfter(tier, highest)) {
        highest = next
        passed += 1
      }
      if (passed === 0) continue
      const level = at(highest)
      level.passed = Math.max(level.passed, passed)
      level.tiers.push(tier)
    }
    for (const tier of line.terms.tiers) {
      const key = JSON.stringify([tier.at, tier.repeat])
      meter.fired.set(key, Math.max(meter.fired.get(key) ?? 0, levelBelow(tier, amount)))
    }
    if (meter.allow?.fired === false && amount >= meter.allow.amount) {
      const level = at(meter.allow.amount)
      level.passed = Math.max(level.passed, 1)
      level.tiers.push({ ...meter.allow, degrade: null })
      meter.allow.fired = true
    }
    if (reached.size > 0) this.use(meter)
    const tiers = [...reached].sort(([one], [other]) => one - other).flatMap(([, at]) => at.tiers)
    const blocking = tiers.filter(({ effect }) => effect !== null)
    const isOver = this.now >= line.period.endMs
    const over =
      circuit.state === "half-open" && amount >= this.allowance(circuit, meter) && !isOver
    this.move(line, blocking, over)
    for (const [level, { passed, tiers: own }] of reached)
      this.events.push([
        "tier",
        line.account,
        level,
        passed,
        this.incident(line.account, meter),
        circuit.generation,
        strengthOf(own),
        [...new Set(own.flatMap(firstOf))].sort(),
        settledCapHeld(
          this.settled(meter, this.now),
          this.cap(meter, line.terms),
          this.held(meter),
        ),
      ])
    this.hear(line, tiers.flatMap(firstOf), true)
  }

  protected move(line: Line, tiers: readonly Reaching[], over: boolean): void {
    const circuit = this.circuit(line.account)
    const observed = line.terms.observe
    if (observed && circuit.state !== "closed" && !circuit.observed) return
    const effects = tiers.flatMap(({ effect }) => (effect === null ? [] : [effect]))
    const channels = tiers.flatMap(firstOf)
    if (effects.some(({ kind }) => kind === "latch") && this.now < line.period.keptUntilMs) {
      const wasLatched = circuit.state === "latched"
      this.opens(circuit, channels)
      this.wait(circuit, wasLatched, tiers)
      circuit.state = "latched"
      circuit.cause = line.period.startMs
      circuit.observed = observed
      this.tellCircuit(line.account, null)
      return
    }
    if (circuit.state === "latched") return
    if (over && circuit.trip !== null) {
      const twice = Math.min(circuit.trip.coolDownMs * 2, circuit.trip.maxCoolDownMs)
      this.open(
        line.account,
        { ...circuit.trip, coolDownMs: twice },
        circuit.cause,
        circuit.observed,
        [],
      )
      return
    }
    const trips = effects
      .filter((effect) => effect.kind === "trip")
      .sort((a, b) => b.coolDownMs - a.coolDownMs)
    if (trips[0] !== undefined && this.now < line.period.endMs)
      this.open(line.account, trips[0], line.period.startMs, observed, channels)
  }

  /** An opening goes on what stands, or begins an incident of its own. */
  protected opens(circuit: Circuit, channels: readonly string[]): void {
    circuit.generation += 1
    if (circuit.state === "closed") {
      circuit.since = circuit.generation
      circuit.told = new Set()
    }
    for (const one of channels) circuit.told.add(one)
  }

  protected tellCircuit(account: string, until: number | null, by: string | null = null): void {
    const { state, generation, since, observed, told } = this.circuit(account)
    this.events.push([
      "circuit",
      account,
      state,
      generation,
      until,
      `${account}/${since}`,
      observed,
      by,
      [...told].sort(),
    ])
  }

  protected open(
    account: string,
    trip: Trip,
    cause: number | null,
    observed: boolean,
    channels: readonly string[],
    by: string | null = null,
  ): void {
    const circuit = this.circuit(account)
    const until = this.now + trip.coolDownMs
    const goesOn = circuit.state === "open" && circuit.observed === observed
    circuit.until = goesOn ? Math.max(circuit.until, until) : until
    this.opens(circuit, channels)
    circuit.state = "open"
    circuit.cause = cause
    circuit.observed = observed
    circuit.trip = trip
    this.tellCircuit(account, circuit.until, by)
  }

  protected look(account: string): Circuit {
    const circuit = this.lookAtCircuit(account)
    this.escalate(account)
    this.endPeriods(account)
    return circuit
  }

  protected lookAtCircuit(account: string): Circuit {
    const circuit = this.circuit(account)
    const isOver =
      (circuit.state === "open" || circuit.state === "half-open") && this.now >= circuit.until
    if (!isOver) return circuit
    const probation = circuit.trip?.probation ?? null
    if (circuit.state === "half-open" || probation === null) {
      this.close(account)
      return circuit
    }
    const current = this.meters.find((meter) => meter.account === account && this.isCurrent(meter))
    circuit.state = "half-open"
    circuit.until = this.now + probation.forMs
    const used = current === undefined ? 0 : this.settled(current, this.now) + this.held(current)
    circuit.probed = {
      start: current?.start ?? null,
      allowance: used + probation.allow,
      fresh: probation.allow,
    }
    this.tellCircuit(account, circuit.until)
    return circuit
  }

  protected close(account: string, by: string | null = null): void {
    const circuit = this.circuit(account)
    circuit.state = "closed"
    this.tellCircuit(account, null, by)
    circuit.observed = false
    circuit.waiting = []
  }

  /** Before anything moves on a line: what time has done to its circuit and its levels. */
  protected ready(line: Line): Meter {
    this.look(line.account)
    const meter = this.touch(line)
    this.rearm(meter)
    return meter
  }

  protected allowance({ probed }: Circuit, meter: Meter): number {
    return probed.start === meter.start ? probed.allowance : probed.fresh
  }
}

type Reaching = Pick<TierTerms, "effect" | "degrade" | "notify" | "escalateAfterMs">

interface Reached {
  passed: number
  readonly tiers: Reaching[]
}

const strengthOf = (tiers: readonly Reaching[]): string => {
  for (const kind of ["latch", "trip", "block"])
    if (tiers.some(({ effect }) => effect?.kind === kind)) return kind
  return tiers.some(({ degrade }) => degrade !== null) ? "degrade" : "notify"
}

const settledCapHeld = (settled: number, cap: number, held: number): Told => [
  settled,
  finite(cap),
  held,
]
