import { RESERVATION_MAX_MS } from "../../domain/command.ts"
import type { DomainEvent } from "../../domain/event.ts"
import { budgetOf, type Subject } from "../../domain/subject.ts"
import { type Amounts, amountsOf, NOTHING } from "../../domain/terms.ts"
import { type DurationMs, type EpochMs, MINUTE_MS } from "../../domain/time.ts"
import type { Usage } from "../../domain/usage.ts"
import type { Fleet, FleetModel } from "../../edge/fleet/fleet.ts"
import { RESERVATION_MS } from "../../engine/asked.ts"
import { RequestFailed } from "../../engine/errors.ts"
import { costOfSettlement, estimate } from "../../engine/estimate.ts"
import type { CallRequest } from "../../engine/request.ts"
import type { RuledPlan } from "../../engine/rules.ts"
import { Telling } from "../replay/told.ts"
import { type Let, Run, type RunOptions } from "../run.ts"
import { BillWatch, type Spend } from "./billWatch.ts"
import type { Desk, FleetCall, Grant, Guard, Refusal } from "./guard.ts"
import type { Host } from "./host.ts"
import { HostKnowledge } from "./hostKnowledge.ts"
import { pricesOf } from "./rates.ts"
import type { FuseReport } from "./report.ts"

/** A call that the fuse let through. */
export interface Fused extends Grant {
  readonly request: CallRequest
  readonly plan: RuledPlan
  /** Null where the host decided by itself, without the store. */
  readonly hold: Let | null
  /** What the host took of its share then. */
  readonly taken: Amounts
  readonly spend: Spend | null
}

/** Spendfuse: the pure step under the fleet's policy, and hosts that do what the engine does. */
export class Fuse implements Guard<Fused> {
  readonly #fleet: Fleet
  readonly #run: Run
  readonly #prices: ReturnType<typeof pricesOf>
  readonly #known = new Map<number, HostKnowledge>()
  readonly #telling = new Telling()
  readonly #bills: BillWatch
  /** Latched accounts, and somebody whom each counts. */
  readonly #latched = new Map<string, Subject>()
  #desk: Desk | null = null
  #asking: Subject | null = null
  #isDown = false
  #wasDown = false
  #wasAlone = false
  #wasAcknowledged = false
  /** What hosts could not tell the store. */
  #posts: Post[] = []
  #counted = 0
  #aloneNanoUsd = 0
  #warnings = 0
  #pages = 0

  constructor(fleet: Fleet, onApplied?: RunOptions["onApplied"]) {
    this.#fleet = fleet
    this.#prices = pricesOf(fleet.models, "listed")
    this.#bills = new BillWatch(fleet.policy)
    this.#run = new Run({
      policy: fleet.policy,
      prices: this.#prices,
      startMs: fleet.startMs,
      onEvent: (event) => this.#hear(event),
      ...(onApplied !== undefined && { onApplied }),
    })
  }

  /** A host's sweeper ends what is overdue. */
  begin(desk: Desk): void {
    this.#desk = desk
    const sweep = (): void => {
      this.#run.advance(desk.nowMs)
      if (!this.#isDown) this.#run.expire()
      if (desk.nowMs < this.#fleet.endMs) desk.at(desk.nowMs + MINUTE_MS, sweep)
    }
    desk.at(desk.nowMs + MINUTE_MS, sweep)
  }

  store(isDown: boolean, atMs: EpochMs): void {
    this.#isDown = isDown
    this.#wasDown = true
    if (isDown) return
    this.#run.advance(atMs)
    const posts = this.#posts
    this.#posts = []
    for (const { post } of posts) post()
    for (const known of this.#known.values()) known.forgetRooms()
  }

  crash(host: Host): void {
    for (const { of } of this.#posts) if (of.host === host) this.lose(of)
    this.#posts = this.#posts.filter(({ of }) => of.host !== host)
    this.#known.delete(host.number)
  }

  ask(call: FleetCall, host: Host, atMs: EpochMs): Fused | Refusal {
    const request = requestOf(call)
    this.#run.advance(atMs)
    this.#asking = call.subject
    try {
      const known = this.#knownOf(host)
      if (this.#isDown || known.usesNoAnswer(host, atMs))
        return this.#alone(call, request, host, atMs)
      return this.#ask(call, request, host, known.issuedAtMs(host, atMs))
    } catch (error) {
      if (error instanceof RequestFailed) return { reason: error.error, untilMs: null }
      throw error
    } finally {
      this.#asking = null
    }
  }

  /** What a host decides by itself takes no time: its circuit on the store is open. */
  takesMs(host: Host, atMs: EpochMs): DurationMs {
    const isAlone = this.#isDown || this.#knownOf(host).usesNoAnswer(host, atMs)
    return isAlone ? 0 : host.storeTakesMs(atMs)
  }

  end(grant: Fused, used: Usage, atMs: EpochMs): void {
    this.#run.advance(atMs)
    const { hold, host, call } = grant
    const settlement = { usage: used, model: grant.model.name }
    if (hold === null) {
      const cost = this.#costOf(grant, used)
      this.#knownOf(host).correctShare(grant.plan.lines, grant.taken, cost)
      this.#post(grant, () => {
        this.#run.charge(grant.request, cost, grant.plan)
        this.#counted += cost.usd
        this.#aloneNanoUsd += cost.usd
      })
      return
    }
    this.#post(grant, () => {
      this.#asking = call.subject
      const counted = this.#run.settle(hold, settlement)
      this.#asking = null
      this.#counted += counted.usd
      if (grant.spend !== null) grant.spend.amounts = counted
    })
  }

  /** The hold is kept until it expires, and then counts in full. */
  lose({ hold }: Fused): void {
    if (hold !== null) this.#counted += hold.held.usd
  }

  get report(): FuseReport {
    const isMoved = this.#wasAcknowledged || this.#wasDown || this.#wasAlone
    return {
      countedNanoUsd: this.#counted,
      aloneNanoUsd: this.#aloneNanoUsd,
      warnings: this.#warnings,
      pages: this.#pages,
      told: this.#telling.all,
      toldFirst: this.#telling.first,
      bills: isMoved ? [] : this.#bills.seen,
    }
  }

  #ask(call: FleetCall, request: CallRequest, host: Host, issuedAtMs: EpochMs): Fused | Refusal {
    const ruling = this.#run.reserve(request, undefined, issuedAtMs)
    const { lines, switches } = ruling.plan
    if (this.#hasOutages) this.#knownOf(host).learn(this.#run, lines, switches, ruling)
    if (!ruling.allowed) return { reason: ruling.reason, untilMs: ruling.untilMs }
    const model = this.#modelOf(ruling.request, call)
    const { subject } = call
    const spend = this.#bills.add({ subject, atMs: ruling.atMs, amounts: ruling.held })
    return {
      call,
      model,
      mostOutput: ruling.granted,
      host,
      atMs: ruling.atMs,
      request: ruling.request,
      plan: ruling.plan,
      hold: ruling,
      taken: NOTHING,
      spend,
    }
  }

  /** As an engine decides whose store is silent. */
  #alone(call: FleetCall, request: CallRequest, host: Host, atMs: EpochMs): Fused | Refusal {
    const { policy } = this.#fleet
    const asked = estimate(request, policy, this.#prices, atMs)
    const plan = this.#run.planOf(request)
    const known = this.#knownOf(host)
    const stop = known.stopOf(plan.lines, plan.switches, atMs)
    if (stop !== null) return stop
    for (const n of new Set([asked.units.most, asked.units.least])) {
      const taken = amountsOf(asked, n)
      if (!known.takeShare(policy, plan.lines, taken)) continue
      this.#wasAlone = true
      const model = this.#modelOf(request, call)
      return {
        call,
        model,
        mostOutput: n,
        host,
        atMs,
        request,
        plan,
        hold: null,
        taken,
        spend: null,
      }
    }
    return { reason: "store-unavailable", untilMs: null }
  }

  #costOf({ request, atMs, taken }: Fused, usage: Usage): Amounts {
    const settlement = { usage }
    const cost = costOfSettlement(settlement, request, this.#fleet.policy, this.#prices, atMs)
    return "unpriced" in cost ? taken : cost
  }

  #post(of: Fused, post: () => void): void {
    if (this.#isDown) this.#posts.push({ of, post })
    else post()
  }

  get #hasOutages(): boolean {
    return this.#fleet.faults.length > 0
  }

  #knownOf(host: Host): HostKnowledge {
    let known = this.#known.get(host.number)
    if (known === undefined) {
      known = new HostKnowledge()
      this.#known.set(host.number, known)
    }
    return known
  }

  #modelOf({ model }: CallRequest, call: FleetCall): FleetModel {
    return this.#fleet.models.get(model ?? "") ?? call.actor.model
  }

  #hear(event: DomainEvent): void {
    if (event.kind === "circuit" && this.#asking !== null) {
      if (event.state === "latched") this.#latched.set(event.account, this.#asking)
      else this.#latched.delete(event.account)
    }
    const kind = this.#telling.hear(event)
    // What names no channel is heard by nobody but the hook.
    if (event.channels.length === 0) return
    if (kind === "warning") this.#warnings += 1
    if (kind !== "page") return
    this.#pages += 1
    this.#desk?.page(() => this.#acknowledge())
  }

  /** A person looks at what is latched, and lets it go on. */
  #acknowledge(): void {
    const { people } = this.#fleet
    if (people?.acknowledge !== true || this.#isDown) return
    this.#run.advance(this.#desk?.nowMs ?? 0)
    for (const [account, subject] of [...this.#latched]) {
      const line = this.#run.lineOf(budgetOf(account), subject)
      if (line === null) continue
      this.#wasAcknowledged = true
      this.#latched.delete(account)
      this.#run.acknowledge(line, BY)
    }
  }
}

/** What a host keeps until the store answers again. */
interface Post {
  readonly of: Fused
  readonly post: () => void
}

const BY = { by: "on call", why: "has looked at it" }

const requestOf = ({ actor, subject, inputTokens, takesMs }: FleetCall): CallRequest => {
  const { model, limit } = actor
  return {
    subject,
    model: model.name,
    ...(model.provider !== null && { provider: model.provider }),
    inputTokens,
    ...(limit !== null && { maxOutputTokens: limit }),
    // A host keeps its holds alive while it lives: they outlast it by as long as one without a heartbeat.
    expiresInMs: Math.min(takesMs + RESERVATION_MS, RESERVATION_MAX_MS),
  }
}
