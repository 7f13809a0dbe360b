import type { Command, Line, TierTerms } from "../../../src/domain.ts"
import {
  type Amounts,
  type Circuit,
  levelAfter,
  levelBelow,
  type Meter,
  type Obstacle,
  RANKS,
  strongest,
  type Told,
  type Trip,
} from "./facts.ts"
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

  /** An admission ends a row of refusals. */
  protected admitted(line: Line): Meter {
    const meter = this.ready(line)
    meter.refusals = 0
    meter.refusedAt = Number.NEGATIVE_INFINITY
    meter.busySince = null
    return meter
  }

  protected admit(asked: {
    lines: readonly Line[]
    switches: readonly string[]
    base: Amounts
    perUnit: Amounts
    units: { least: number; most: number }
    via: string | null
    at: number
    raises?: boolean
    swallowed: number
  }): number | Told {
    const obstacles: Obstacle[] = []
    for (const key of asked.switches) {
      const until = this.switches.get(key)
      if (until !== undefined && (until === null || until > this.now))
        obstacles.push({ who: key, reason: "switched-off", until, numbers: [] })
    }
    let grant = asked.units.most
    const refusedLines: [Line, Obstacle][] = []
    for (const line of asked.lines) {
      const circuit = this.look(line.account)
      if (circuit.state !== "closed" && circuit.observed && !line.terms.observe)
        this.close(line.account)
      const cost = (n: number): number =>
        asked.base[line.terms.unit] + n * asked.perUnit[line.terms.unit]
      const obstacle = this.obstacle(
        line,
        cost(asked.units.least),
        asked.via,
        instantOf(asked, line),
      )
      if (line.terms.observe) {
        if (obstacle !== null) this.say(line, `would-refuse ${obstacle.reason}`)
        continue
      }
      if (obstacle !== null) {
        obstacles.push(obstacle)
        refusedLines.push([line, obstacle])
        continue
      }
      const fits = (n: number): boolean =>
        cost(n) === cost(asked.units.least) ||
        this.obstacle(line, cost(n), asked.via, instantOf(asked, line)) === null
      while (grant > asked.units.least && !fits(grant)) grant -= 1
    }
    if (obstacles.length === 0) return grant
    const blocked = obstacles.some(({ reason }) =>
      ["switched-off", "latched", "open"].includes(reason),
    )
    for (const [line, { reason }] of refusedLines) {
      const meter = this.meter(line)
      if (
        this.settled(meter, instantOf(asked, line)) + this.held(meter) >
        this.cap(meter, line.terms)
      )
        this.say(line, "overshoot")
      if (blocked) continue
      if (reason === "exhausted") this.exhausted(line, meter, asked)
      if (reason === "busy") {
        const since = Math.min(meter.busySince ?? this.now, this.now)
        if (since !== meter.busySince) this.touch(line)
        meter.busySince = since
        if (this.now - meter.busySince >= 60_000) this.say(line, "refusing")
      }
    }
    const first = [...obstacles].sort(
      (a, b) => RANKS.indexOf(a.reason) - RANKS.indexOf(b.reason),
    )[0]
    const until = obstacles.some((one) => one.until === null)
      ? null
      : Math.max(...obstacles.map((one) => one.until ?? 0))
    return [
      "refused",
      first?.reason,
      until,
      obstacles.map((one) => [one.who, one.reason, one.until, ...one.numbers]),
    ]
  }

  protected exhausted(line: Line, meter: Meter, asked: When & { swallowed: number }): void {
    const cap = this.cap(meter, line.terms)
    const settled = this.settled(meter, instantOf(asked, line))
    if (Math.abs(this.now - meter.refusedAt) >= 1_000) {
      this.touch(line)
      meter.refusals += 1 + asked.swallowed
      meter.refusedAt = this.now
    }
    this.say(line, "refusing")
    if ((cap - settled) * 100 < cap || (meter.refusals >= 10 && settled * 10 >= cap * 9))
      this.fire(line, meter, cap)
  }

  protected obstacle(line: Line, cost: number, via: string | null, at: number): Obstacle | null {
    const { terms } = line
    const circuit = this.circuit(line.account)
    const meter = this.meter(line)
    const settled = this.settled(meter, at)
    const held = this.held(meter)
    const cap = this.cap(meter, terms)
    const no = (reason: string, until: number | null): Obstacle => ({
      who: line.account,
      reason,
      until,
      numbers: [settled, held, cap, Math.max(0, cap - settled - held)],
    })
    const periodEnd = terms.idleMs > 0 ? null : line.period.endMs
    if (circuit.state === "latched") return no("latched", null)
    if (circuit.state === "open") return no("open", circuit.until)
    if (cost > 0 && cost > cap) return no("too-large", null)
    if (cost > 0 && settled + cost > cap) {
      if (terms.slidingMs === 0) return no("exhausted", periodEnd)
      const ends = meter.spent.map((spend) => spend.line.period.endMs).sort((a, b) => a - b)
      return no(
        "exhausted",
        ends.find((end) => end > at && this.settled(meter, end) + cost <= cap) ?? null,
      )
    }
    if (
      circuit.state === "half-open" &&
      cost > 0 &&
      settled + held + cost > this.allowance(circuit, meter)
    )
      return no("probation", circuit.until)
    const stands = terms.tiers.some(
      (tier) =>
        tier.degrade !== null &&
        settled >= tier.at &&
        !(via !== null && tier.degrade.includes(via)),
    )
    if (stands) return no("degraded", periodEnd)
    if (cost > 0 && settled + held + cost > cap) {
      const holding = this.holding(meter).map(([call]) => call.expires)
      return no("busy", Math.min(...holding))
    }
    return null
  }

  protected acknowledge(command: Extract<Command, { kind: "acknowledge" }>): Told {
    const circuit = this.look(command.account)
    if (circuit.generation > command.generation) return ["later-generation", circuit.generation]
    const wasClosed = circuit.state === "closed"
    const seen = this.meters.filter(
      (meter) =>
        meter.account === command.account &&
        !this.isIdle(meter) &&
        this.now < meter.keptUntil &&
        (this.isCurrent(meter) || (!wasClosed && meter.start === circuit.cause)),
    )
    let some = false
    const own = command.line === null ? [] : [this.meter(command.line)]
    const armed = seen.map((meter) => [...meter.fired])
    for (const meter of [...seen, ...own]) this.lapse(meter)
    for (const meter of seen) {
      this.rearm(meter)
      const levels = [...meter.fired].flatMap(([key, fired]) => {
        const [at, repeat] = JSON.parse(key) as [number, number]
        return levelBelow({ at, repeat }, Math.min(fired, command.upTo))
      })
      const isStepSeen = meter.allow?.fired === true && meter.allow.amount <= command.upTo
      const highest = Math.max(0, ...levels, isStepSeen ? (meter.allow?.amount ?? 0) : 0)
      if (highest <= meter.acknowledged && !isStepSeen) continue
      some = true
      meter.acknowledged = Math.max(highest, meter.acknowledged)
      if (isStepSeen) meter.allow = null
      meter.refusals = 0
      meter.refusedAt = Number.NEGATIVE_INFINITY
      meter.acknowledgedAt = this.now
    }
    const again =
      command.allow !== null && command.line !== null && this.meter(command.line).allow !== null
    if (wasClosed && !some && !again) {
      for (const [at, meter] of seen.entries())
        for (const [key, fired] of armed[at] ?? []) meter.fired.set(key, fired)
      return ["nothing-to-acknowledge"]
    }
    if (!wasClosed) this.close(command.account, command.by)
    if (command.allow !== null && command.line !== null) this.allow(command.line, command.allow)
    this.events.push(["audit", "acknowledge", command.account])
    return ["acknowledged"]
  }

  protected allow(line: Line, allow: number): void {
    const meter = this.touch(line)
    this.rearm(meter)
    meter.acknowledgedAt = this.now
    const blocking = line.terms.tiers.filter((tier) => tier.effect !== null)
    const acknowledged = this.acknowledged(meter)
    const next = Math.min(...blocking.map((tier) => levelAfter(tier, acknowledged)))
    const amount = this.settled(meter, this.now) + this.held(meter) + allow
    meter.allow = null
    if (amount >= next) return
    const seen = Math.max(0, ...blocking.map((tier) => levelBelow(tier, acknowledged)))
    const tiers = blocking.filter((tier) =>
      seen === 0
        ? levelAfter(tier, acknowledged) === next
        : levelBelow(tier, acknowledged) === seen,
    )
    const effect = strongest(tiers)
    if (effect !== null)
      meter.allow = {
        amount,
        effect,
        notify: tiers.flatMap((tier) => tier.notify),
        escalateAfterMs: alone(tiers),
        fired: false,
      }
  }
}

type Reaching = Pick<TierTerms, "effect" | "degrade" | "notify" | "escalateAfterMs">

interface Reached {
  passed: number
  readonly tiers: Reaching[]
}

/** An order is one only where one tier alone tells anybody. */
const alone = (tiers: readonly TierTerms[]): number => {
  const telling = tiers.filter(({ notify }) => notify.length > 0)
  return telling.length === 1 ? (telling[0]?.escalateAfterMs ?? 0) : 0
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

interface When {
  readonly at: number
  /** It is asked for a reservation that runs. */
  readonly raises?: boolean
}

/** A sliding window counts what raises a reservation where that was made: from the start of its bucket. */
const instantOf = ({ at, raises }: When, line: Line): number =>
  raises === true && line.terms.slidingMs > 0 ? line.period.startMs : at
