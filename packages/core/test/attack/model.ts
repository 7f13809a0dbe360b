import type { Command } from "../../src/domain.ts"
import {
  type Amounts,
  type Call,
  type Circuit,
  contentOf,
  type Meter,
  nameOf,
  numberOf,
  shortOf,
  type Told,
  type Trip,
} from "./model/facts.ts"
import { Refusals } from "./model/refusals.ts"

/**
 * The step told a second time, from the words of the semantics alone: one bag of facts, every question
 * answered by looking at all of them. Slow, and without overflow or bad commands.
 */
export class Reference extends Refusals {
  #sources = new Map<string, Source>()
  #pendingEnds: [string, string][] = []

  /** One step: the outcome and the events, in plain lists. */
  take(
    command: Command,
    now: number,
  ): { readonly outcome: Told; readonly events: readonly Told[] } {
    this.now = now
    this.events = []
    const key = JSON.stringify([command.id.source, command.division])
    const found = this.#sources.get(key)
    const source = found !== undefined && now - found.at < 86_400_000 ? found : undefined
    const early = this.recall(source, command)
    if (early !== null) return { outcome: early, events: [] }
    const ended = this.sweep(command.division)
    const swept = this.events
    this.events = []
    const before: [Call[], [string, Circuit][], Meter[]] = structuredClone([
      this.calls,
      [...this.circuits],
      this.meters,
    ])
    const outcome =
      command.kind === "expire" ? this.expire(command.division, ended) : this.dispatch(command)
    if (outcome[0] === "error") {
      this.restore(before)
      return { outcome, events: swept }
    }
    const own = source ?? { done: 0, at: now, answers: new Map(), ends: new Map() }
    this.#sources.set(key, own)
    own.at = now
    own.done = Math.max(own.done, command.done)
    for (const n of own.answers.keys()) if (n <= own.done) own.answers.delete(n)
    for (const n of own.ends.keys()) if (n <= own.done) own.ends.delete(n)
    if (outcome[0] !== "refused")
      own.answers.set(command.id.n, { content: contentOf(command), outcome })
    for (const [end, how] of this.#pendingEnds) this.mark(end, how)
    this.#pendingEnds = []
    return { outcome, events: [...swept, ...this.events] }
  }

  /** What each kept meter that is not empty stands at: account, start, settled, held. */
  amounts(atMs: number): readonly Told[] {
    return this.meters
      .filter((meter) => atMs < meter.keptUntil && !this.isIdle(meter))
      .map((meter) => [meter.account, meter.start, this.settled(meter, atMs), this.held(meter)])
      .filter(([, , settled, held]) => settled !== 0 || held !== 0)
  }

  /** Accounts whose circuit has opened before. */
  opened(): readonly string[] {
    return [...this.circuits]
      .filter(([, { generation }]) => generation > 0)
      .map(([account]) => account)
  }

  protected restore([calls, circuits, meters]: [Call[], [string, Circuit][], Meter[]]): void {
    this.calls.splice(0, this.calls.length, ...calls)
    this.circuits.clear()
    for (const [key, circuit] of circuits) this.circuits.set(key, circuit)
    this.meters = meters
    this.#pendingEnds = []
  }

  protected recall(
    source:
      | {
          done: number
          answers: Map<number, { content: string; outcome: Told }>
          ends: Map<number, string>
        }
      | undefined,
    command: Command,
  ): Told | null {
    const { n } = command.id
    if (source === undefined) return command.done === 0 ? null : ["error", "unknown-source"]
    if (n <= source.done) return ["error", "already-answered"]
    const known = source.answers.get(n)
    if (known !== undefined)
      return known.content === contentOf(command)
        ? [...known.outcome, "replayed"]
        : ["error", "conflict"]
    return command.kind === "reserve" && source.ends.has(n) ? ["error", "not-running"] : null
  }

  protected dispatch(command: Exclude<Command, { kind: "expire" }>): Told {
    switch (command.kind) {
      case "reserve":
        return this.reserve(command)
      case "extend":
        return this.extend(command)
      case "settle": {
        const call = this.call(command)
        if (call === undefined) return this.unknown(command)
        if (command.seq <= call.seq) return ["settled", this.drains(call), []]
        return this.post(call, command.actual, command.final, command.seq, "settled")
      }
      case "release": {
        const call = this.call(command)
        if (call !== undefined) {
          this.post(call, call.actual, true, call.seq, "released")
          return ["released"]
        }
        if (this.endOf(command) !== undefined) return ["error", "not-running"]
        this.#pendingEnds.push([nameOf(command.reservation, command.division), "released"])
        return ["released"]
      }
      case "charge":
        return this.charge(command)
      case "adjust":
        return this.adjust(command)
      case "acknowledge":
        return this.acknowledge(command)
      case "trip": {
        const circuit = this.look(command.account)
        if (circuit.state !== "latched") {
          const trip: Trip = {
            kind: "trip",
            coolDownMs: command.coolDownMs,
            maxCoolDownMs: command.coolDownMs,
            probation: null,
          }
          this.open(command.account, trip, null, false, [], command.by)
        }
        this.events.push(["audit", "trip", command.account])
        return ["tripped", circuit.generation]
      }
      case "switch":
        if (command.state === "off") this.switches.set(command.switch, command.untilMs)
        else this.switches.delete(command.switch)
        this.events.push(["audit", "switch", command.switch])
        return ["switched"]
    }
  }

  protected expire(division: string, ended: readonly string[]): Told {
    for (const account of this.accountsOf(division)) this.look(account)
    return ["expired", ended]
  }

  protected reserve(command: Extract<Command, { kind: "reserve" }>): Told {
    if (Math.abs(command.issuedAtMs - this.now) > 600_000) return ["error", "skewed"]
    const { lines, switches, base, perUnit, units, via, issuedAtMs, swallowed } = command
    const n = this.admit({ lines, switches, base, perUnit, units, via, at: issuedAtMs, swallowed })
    if (typeof n !== "number") return n
    const parts = lines.map((line) => ({
      line,
      life: this.admitted(line).life,
      hold: base[line.terms.unit] + n * perUnit[line.terms.unit],
      settled: 0,
    }))
    this.calls.push({
      name: nameOf(command.id, command.division),
      division: command.division,
      parts,
      switches,
      via,
      expires: command.expiresAtMs,
      state: "running",
      seq: 0,
      actual: { usd: 0, tokens: 0, requests: 0 },
      granted: n,
    })
    return ["reserved", n]
  }

  protected extend(command: Extract<Command, { kind: "extend" }>): Told {
    const call = this.call(command)
    if (call === undefined) return this.unknown(command)
    if (call.state !== "running") return ["error", "not-running"]
    const { base, perUnit, units, issuedAtMs } = command
    const later = Math.max(call.expires, command.expiresAtMs ?? 0)
    if (units.most === 0 && base.usd === 0 && base.tokens === 0 && base.requests === 0) {
      call.expires = later
      return ["extended", 0, this.drains(call)]
    }
    if (Math.abs(issuedAtMs - this.now) > 600_000) return ["error", "skewed"]
    const lines = call.parts.map(({ line }) => line)
    if (lines.some((line) => this.now >= line.period.endMs)) return ["error", "period-over"]
    const n = this.admit({
      lines,
      switches: call.switches,
      base,
      perUnit,
      units,
      via: call.via,
      at: issuedAtMs,
      raises: true,
      swallowed: 0,
    })
    if (typeof n !== "number") return n
    for (const { line } of call.parts) this.admitted(line)
    for (const part of call.parts) {
      part.hold += base[part.line.terms.unit] + n * perUnit[part.line.terms.unit]
    }
    call.expires = later
    return ["extended", n, this.drains(call)]
  }

  protected post(call: Call, actual: Amounts, final: boolean, seq: number, how: string): Told {
    const skipped: string[] = []
    const kept = call.parts.filter((part) => this.isAlive(call, part))
    if (kept.length === 0 && call.parts.length > 0 && how !== "released")
      return ["error", "unknown-period"]
    const wasRunning = call.state === "running"
    for (const { line } of kept) this.ready(line)
    if (final) call.state = "ended"
    for (const part of call.parts) {
      const used = actual[part.line.terms.unit]
      const settled = !wasRunning && !final ? Math.max(part.settled, used) : used
      if (!kept.includes(part)) {
        skipped.push(part.line.account)
        continue
      }
      const more = settled - part.settled
      part.settled = settled
      this.spend(part.line, more)
    }
    call.seq = seq
    call.actual = actual
    if (final) this.#pendingEnds.push([call.name, how])
    return ["settled", this.drains(call), skipped]
  }

  protected charge(command: Extract<Command, { kind: "charge" }>): Told {
    if (command.ends !== null) {
      const target = { reservation: command.ends, division: command.division }
      const call = this.call(target)
      if (call !== undefined) {
        const posted = this.post(call, command.amounts, true, call.seq + 1, "settled")
        return posted[0] === "error" ? posted : ["charged", posted[2]]
      }
      if (this.endOf(target) === "settled") return ["error", "not-running"]
      this.#pendingEnds.push([nameOf(command.ends, command.division), "released"])
    }
    const skipped = command.lines.filter((line) => !this.isKept(line))
    if (skipped.length > 0 && skipped.length === command.lines.length)
      return ["error", "unknown-period"]
    for (const line of command.lines) {
      if (skipped.includes(line)) continue
      this.ready(line)
      this.spend(line, command.amounts[line.terms.unit])
    }
    return ["charged", skipped.map(({ account }) => account)]
  }

  protected adjust({ line, amount }: Extract<Command, { kind: "adjust" }>): Told {
    if (!this.isKept(line)) return ["error", "unknown-period"]
    this.ready(line)
    this.spend(line, amount)
    this.events.push(["audit", "adjust", line.account])
    return ["adjusted", this.settled(this.meter(line), this.now)]
  }

  protected sweep(division: string): readonly string[] {
    const overdue = this.calls
      .filter(
        (call) =>
          call.division === division && call.state === "running" && call.expires <= this.now,
      )
      .sort((a, b) => a.expires - b.expires || numberOf(a) - numberOf(b))
      .slice(0, 16)
    for (const call of overdue) {
      for (const { line } of call.parts) this.ready(line)
      call.state = "expired"
      for (const part of call.parts) {
        const assumed = Math.max(0, part.hold - part.settled)
        part.settled += assumed
        this.spend(part.line, assumed)
      }
      this.events.push(["expired", shortOf(call)])
    }
    return overdue.map(shortOf)
  }

  protected drains(call: Call): boolean {
    const off = call.switches.some((key) => {
      const until = this.switches.get(key)
      return until !== undefined && (until === null || until > this.now)
    })
    return (
      off ||
      call.parts.some(({ line }) => {
        const { state, until, observed } = this.circuit(line.account)
        return (
          !line.terms.observe &&
          !observed &&
          (state === "latched" || (state === "open" && this.now < until))
        )
      })
    )
  }

  protected call({
    reservation,
    division,
  }: {
    reservation: { source: string; n: number }
    division: string
  }): Call | undefined {
    const name = nameOf(reservation, division)
    return this.calls.find((call) => call.name === name && call.state !== "ended")
  }

  protected unknown(target: {
    reservation: { source: string; n: number }
    division: string
  }): Told {
    return ["error", this.endOf(target) === undefined ? "unknown-reservation" : "not-running"]
  }

  protected endOf({
    reservation,
    division,
  }: {
    reservation: { source: string; n: number }
    division: string
  }): string | undefined {
    return this.#sources
      .get(JSON.stringify([reservation.source, division]))
      ?.ends.get(reservation.n)
  }

  protected mark(name: string, how: string): void {
    const [source, n, division] = JSON.parse(name) as [string, number, string]
    const key = JSON.stringify([source, division])
    const own = this.#sources.get(key) ?? {
      done: 0,
      at: this.now,
      answers: new Map(),
      ends: new Map(),
    }
    this.#sources.set(key, own)
    if (n > own.done) own.ends.set(n, how)
  }

  protected accountsOf(division: string): readonly string[] {
    return division === "*" ? [...this.circuits.keys()] : []
  }
}

interface Source {
  done: number
  at: number
  answers: Map<number, { content: string; outcome: Told }>
  ends: Map<number, string>
}
