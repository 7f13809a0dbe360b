import type { EpochMs } from "../../domain/time.ts"
import type { Usage } from "../../domain/usage.ts"
import type { Actor, Fleet } from "../../edge/fleet/fleet.ts"
import { Agenda } from "../agenda.ts"
import type { Desk, FleetCall, Grant, Guard, Refusal } from "./guard.ts"
import { Host } from "./host.ts"
import type { Attempt, Ending, Stage } from "./member.ts"
import { begin } from "./paces.ts"
import { nanoUsdOf } from "./rates.ts"
import type { FuseReport, Way, WayReport } from "./report.ts"
import { Tally } from "./tally.ts"

/** What a world needs beside its fleet. */
export interface WorldOptions<Held extends Grant> {
  readonly seed: number
  readonly way: Way
  readonly guard: Guard<Held> & { readonly report?: FuseReport }
  /** Calls that are asked for, at most; then it throws. */
  readonly callsMax: number
  /** Hears now and then how far it is, from 0 to 1. */
  readonly onProgress?: (share: number) => void
}

/** One fleet under one guard, in virtual time. */
export class World<Held extends Grant> implements Stage, Desk {
  readonly #fleet: Fleet
  readonly #options: WorldOptions<Held>
  readonly #agenda = new Agenda<() => void>()
  readonly #tally: Tally
  readonly #hosts: readonly Host[]
  readonly #running = new Set<Running<Held>>()
  readonly #stopped = new Set<string>()
  #calls = 0
  #answeredAtMs: EpochMs | null = null
  #isAnswering = false
  nowMs: EpochMs

  constructor(fleet: Fleet, options: WorldOptions<Held>) {
    this.#fleet = fleet
    this.#options = options
    this.#tally = new Tally(fleet)
    this.nowMs = fleet.startMs
    this.#hosts = Array.from({ length: fleet.hosts }, (_, at) => new Host(at + 1, fleet.faults))
  }

  /** Plays the fleet until its last call is over. */
  play(): WayReport {
    const { actors, startMs, endMs } = this.#fleet
    this.#planFaults()
    this.#options.guard.begin?.(this)
    for (const actor of actors) begin(actor, this, this.#options.seed)
    const { onProgress } = this.#options
    let told = 0
    for (let due = this.#agenda.takeDue(Infinity); due; due = this.#agenda.takeDue(Infinity)) {
      this.nowMs = due.atMs
      due.item()
      const share = Math.floor(((this.nowMs - startMs) / (endMs - startMs)) * PARTS)
      if (share <= told || onProgress === undefined) continue
      told = share
      onProgress(Math.min(1, share / PARTS))
    }
    return this.#report()
  }

  at(atMs: EpochMs, task: () => void): void {
    this.#agenda.add(Math.max(atMs, this.nowMs), task)
  }

  make(call: FleetCall, attempt: Attempt, then: (ending: Ending) => void): void {
    this.#calls += 1
    const { callsMax, guard } = this.#options
    if (this.#calls > callsMax) throw new FleetTooLarge(callsMax)
    const { isFailing, failures, refusals } = attempt
    const counts = this.#tally.of(call.actor)
    if (failures + refusals === 0) counts.calls += 1
    const host = this.#nextHost()
    const verdict = host === null ? NO_HOST : guard.ask(call, host, this.nowMs)
    const beginsAtMs = this.nowMs + (host === null ? 0 : (guard.takesMs?.(host, this.nowMs) ?? 0))
    if ("reason" in verdict) {
      counts.refuse(verdict.reason)
      if (refusals === 0) counts.callsRefused += 1
      const { untilMs } = verdict
      // Later also at the same instant: whoever is refused a million times must not fill the stack.
      this.at(beginsAtMs, () => then({ kind: "refused", untilMs }))
    } else {
      counts.made += 1
      if (verdict.model !== call.actor.model) counts.degraded += 1
      if (!call.isInjected && call.outputTokens > (verdict.mostOutput ?? Infinity)) counts.cut += 1
      const running: Running<Held> = { grant: verdict, beginsAtMs, isFailing, then, isLost: false }
      this.#running.add(running)
      const takesMs = call.isCancelled ? Math.ceil(call.takesMs / 2) : call.takesMs
      this.at(beginsAtMs + takesMs, () => this.#end(running))
    }
  }

  isStopped({ name }: Actor): boolean {
    return this.#stopped.has(name)
  }

  billed(): number {
    return this.#tally.billedNanoUsd
  }

  page(then?: () => void): void {
    const { people, endMs } = this.#fleet
    if (people === null || this.#isAnswering) return
    this.#isAnswering = true
    this.at(this.nowMs + people.answerInMs, () => {
      this.#isAnswering = false
      if (this.nowMs >= endMs) return
      this.#answeredAtMs ??= this.nowMs
      for (const name of people.stop) this.#stopped.add(name)
      then?.()
    })
  }

  #end(running: Running<Held>): void {
    if (running.isLost) return
    const { grant, isFailing, then } = running
    this.#running.delete(running)
    const used = usageOf(grant, isFailing)
    this.#bill(grant, used)
    this.#options.guard.end(grant, used, this.nowMs)
    if (isFailing) this.#tally.of(grant.call.actor).failed += 1
    then({ kind: isFailing ? "failed" : "done" })
  }

  /** The provider goes on writing for a host that is no more, and bills it. */
  #crash(host: Host): void {
    host.isUp = false
    const { guard } = this.#options
    guard.crash?.(host)
    for (const running of [...this.#running]) {
      const { grant, then } = running
      if (grant.host !== host) continue
      running.isLost = true
      this.#running.delete(running)
      if (running.beginsAtMs <= this.nowMs) this.#bill(grant, usageOf(grant, false))
      guard.lose(grant, this.nowMs)
      this.#tally.of(grant.call.actor).lost += 1
      then({ kind: "failed" })
    }
  }

  #bill(grant: Held, used: Usage): void {
    const { model, atMs, call } = grant
    this.#tally.bill(call.actor, nanoUsdOf(model, "billed", atMs, used), atMs, this.nowMs)
  }

  #planFaults(): void {
    const { guard } = this.#options
    for (const fault of this.#fleet.faults) {
      if (fault.kind === "clock-skew" || fault.kind === "slow-store") continue
      if (fault.kind === "store-outage") {
        this.at(fault.fromMs, () => guard.store?.(true, this.nowMs))
        this.at(fault.untilMs, () => guard.store?.(false, this.nowMs))
        continue
      }
      const host = this.#hosts[fault.host - 1]
      if (host === undefined) continue
      this.at(fault.fromMs, () => this.#crash(host))
      this.at(fault.untilMs, () => {
        host.isUp = true
      })
    }
  }

  /** By turns, of those that are up. */
  #nextHost(): Host | null {
    const hosts = this.#hosts
    for (let tried = 0; tried < hosts.length; tried += 1) {
      const host = hosts[(this.#calls + tried) % hosts.length]
      if (host?.isUp === true) return host
    }
    return null
  }

  #report(): WayReport {
    const { actors, billedNanoUsd, worstHourNanoUsd, timeline } = this.#tally
    const sum = (of: (actor: (typeof actors)[number]) => number): number =>
      actors.reduce((total, actor) => total + of(actor), 0)
    return {
      way: this.#options.way,
      asked: sum(({ asked }) => asked),
      made: sum(({ made }) => made),
      refused: sum(({ refused }) => refused),
      refusedWanted: sum(({ isWanted, refused }) => (isWanted ? refused : 0)),
      billedNanoUsd,
      wantedNanoUsd: sum((actor) => (actor.isWanted ? actor.billedNanoUsd : 0)),
      worstHourNanoUsd,
      answeredAtMs: this.#answeredAtMs,
      actors,
      timeline,
      fuse: this.#options.guard.report ?? null,
    }
  }
}

/** A fleet that makes more calls than it may. */
export class FleetTooLarge extends Error {
  readonly _tag = "FleetTooLarge"
  override readonly name = "FleetTooLarge"
  constructor(callsMax: number) {
    super(
      `the fleet asks for more than ${callsMax} calls; let it last shorter, make calls take longer, or give retries a pause`,
    )
  }
}

const PARTS = 100

const NO_HOST: Refusal = { reason: "no host is up", untilMs: null }

interface Running<Held> {
  readonly grant: Held
  /** Later than it was asked for where the store is slow. */
  readonly beginsAtMs: EpochMs
  readonly isFailing: boolean
  readonly then: (ending: Ending) => void
  isLost: boolean
}

/** What the provider bills a call for. */
const usageOf = ({ call, mostOutput }: Grant, isFailing: boolean): Usage => {
  const { inputTokens, actor, isInjected, isCancelled } = call
  const bills = isFailing ? (actor.fails?.bills ?? "nothing") : "all"
  if (bills === "nothing") return { inputTokens: 0, outputTokens: 0 }
  if (bills === "input") return { inputTokens, outputTokens: 0 }
  const most = mostOutput ?? call.outputTokens
  const written = isInjected ? most : Math.min(most, call.outputTokens)
  return { inputTokens, outputTokens: isCancelled ? Math.ceil(written / 2) : written }
}
