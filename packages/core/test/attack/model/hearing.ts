import type { Line, TierTerms } from "../../../src/domain.ts"
import type { Circuit, Meter } from "./facts.ts"
import { Meters } from "./meters.ts"

/** Who hears of what, under which incident, and what is told when a period is over or nobody acknowledges. */
export class Hearing extends Meters {
  protected incident(account: string, meter: Meter): string {
    const circuit = this.circuit(account)
    return circuit.state === "closed" ? this.ownIncident(meter) : `${account}/${circuit.since}`
  }

  /** What the end of a meter's period resolves. */
  protected ownIncident(meter: Meter): string {
    const life = meter.terms.slidingMs + meter.terms.idleMs > 0 ? meter.bornAt : meter.start
    return `${meter.account}@${life}${meter.ends > 0 ? `+${meter.ends}` : ""}`
  }

  protected hear(line: Line, channels: readonly string[], isLevel: boolean): void {
    const circuit = this.circuit(line.account)
    if (circuit.state !== "closed") for (const one of channels) circuit.told.add(one)
    else if (isLevel || line.terms.slidingMs === 0) {
      const meter = this.meter(line)
      if (channels.some((one) => !meter.told.has(one))) this.use(meter)
      for (const one of channels) meter.told.add(one)
    }
  }

  protected say(line: Line, word: string): void {
    const meter = this.meter(line)
    if (meter.said.has(word)) return
    meter.said.add(word)
    this.use(meter)
    const channels = this.capChannels(meter, line)
    this.events.push([
      "said",
      line.account,
      word,
      this.incident(line.account, meter),
      this.circuit(line.account).generation,
      [...channels].sort(),
    ])
    this.hear(line, channels, false)
  }

  /** The channels of the level that makes the cap. */
  protected capChannels(meter: Meter, { terms }: Line): readonly string[] {
    const cap = this.cap(meter, terms)
    const makers = terms.tiers.filter(
      ({ effect, at, repeat }) =>
        effect !== null && (at === cap || (repeat > 0 && cap > at && (cap - at) % repeat === 0)),
    )
    const steps = meter.allow === null || makers.length > 0 ? [] : [meter.allow]
    return [...new Set([...makers, ...steps].flatMap(firstOf))]
  }

  /** A latch that waits for a person goes on, one channel after the other. */
  protected escalate(account: string): void {
    const circuit = this.circuit(account)
    if (circuit.state !== "latched") return
    const heard: string[] = []
    while (circuit.waiting.length > 0 && this.now >= circuit.nextAt) {
      heard.push(...circuit.waiting.splice(0, 1))
      circuit.step += 1
      circuit.nextAt += circuit.every
    }
    if (heard.length === 0) return
    for (const one of heard) circuit.told.add(one)
    this.events.push([
      "escalation",
      account,
      `${account}/${circuit.since}`,
      circuit.generation,
      circuit.step,
      circuit.waitsSince,
      [...heard].sort(),
    ])
  }

  /** What tiers that latch together do to the channels that wait. */
  protected wait(circuit: Circuit, wasLatched: boolean, tiers: readonly Telling[]): void {
    const atOnce = new Set(tiers.flatMap(firstOf))
    const escalating = tiers.filter(({ escalateAfterMs }) => escalateAfterMs > 0)
    const further = escalating.flatMap(({ notify }) => notify).filter((one) => !atOnce.has(one))
    const waiting = wasLatched ? circuit.waiting.filter((one) => !atOnce.has(one)) : []
    const goesOn = wasLatched && circuit.waiting.length > 0
    for (const one of further)
      if (!circuit.told.has(one) && !waiting.includes(one)) waiting.push(one)
    circuit.waiting = waiting
    if (goesOn || waiting.length === 0) return
    circuit.every = Math.min(...escalating.map(({ escalateAfterMs }) => escalateAfterMs))
    circuit.waitsSince = this.now
    circuit.nextAt = this.now + circuit.every
    circuit.step = 0
  }

  /** Tells the end of what is over to whoever heard of it. */
  protected endPeriods(account: string): void {
    for (const meter of this.meters) {
      if (meter.account !== account || meter.told.size === 0 || !this.isOver(meter)) continue
      this.rearm(meter)
      const circuit = this.circuit(account)
      this.events.push([
        "period-end",
        account,
        this.ownIncident(meter),
        circuit.generation,
        [...meter.told].sort(),
        this.settled(meter, this.now),
        this.held(meter),
        finite(this.cap(meter, meter.terms)),
      ])
      meter.told.clear()
      meter.ends += 1
    }
  }

  protected isOver(meter: Meter): boolean {
    if (this.isIdle(meter)) return true
    const { slidingMs, idleMs } = meter.terms
    if (idleMs > 0) return false
    if (slidingMs === 0) return this.now >= meter.endsAt
    const used = this.settled(meter, this.now) + this.held(meter)
    const isArmed = [...meter.fired].every(([key, fired]) => {
      const [at] = JSON.parse(key) as [number]
      return fired === 0 || used * 10 <= at * 9
    })
    const isStepLapsed = this.now - meter.acknowledgedAt >= slidingMs
    return isArmed && (meter.allow?.fired !== true || isStepLapsed)
  }
}

type Telling = Pick<TierTerms, "notify" | "escalateAfterMs">

/** Whom a tier tells at once. */
export const firstOf = ({ notify, escalateAfterMs }: Telling): readonly string[] =>
  escalateAfterMs > 0 ? notify.slice(0, 1) : notify

export const finite = (amount: number): number | null => (Number.isFinite(amount) ? amount : null)
