import type { Command, Line, TierTerms } from "../../../src/domain.ts"
import { Circuits } from "./circuits.ts"
import {
  type Amounts,
  levelAfter,
  levelBelow,
  type Meter,
  type Obstacle,
  RANKS,
  strongest,
  type Told,
} from "./facts.ts"

/** What circuits and meters refuse, and what a person does about it. */
export class Refusals extends Circuits {
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

/** An order is one only where one tier alone tells anybody. */
const alone = (tiers: readonly TierTerms[]): number => {
  const telling = tiers.filter(({ notify }) => notify.length > 0)
  return telling.length === 1 ? (telling[0]?.escalateAfterMs ?? 0) : 0
}

interface When {
  readonly at: number
  /** It is asked for a reservation that runs. */
  readonly raises?: boolean
}

/** A sliding window counts what raises a reservation where that was made: from the start of its bucket. */
const instantOf = ({ at, raises }: When, line: Line): number =>
  raises === true && line.terms.slidingMs > 0 ? line.period.startMs : at
