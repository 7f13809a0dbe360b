import type { Policy } from "../../domain/policy.ts"
import { type Amounts, NOTHING } from "../../domain/terms.ts"
import type { EpochMs } from "../../domain/time.ts"
import type { CallRequest } from "../../engine/request.ts"
import type { Let, Ruling, Run } from "../../lab/run.ts"
import { HostKnowledge } from "../../lab/simulate/hostKnowledge.ts"

/** A store that gives no answer for a while, and the hosts that go on by themselves as the policy lets them. */
export class Silence {
  readonly #policy: Policy
  readonly #hosts = new Map<number, HostKnowledge>()
  #untilMs: EpochMs | null = null
  #count = 0
  #calls = 0
  #waiting: (() => void)[] = []

  constructor(policy: Policy) {
    this.#policy = policy
  }

  get isOn(): boolean {
    return this.#untilMs !== null
  }

  /** The number of the outage, from 1; null while the store answers. */
  get outage(): number | null {
    return this.isOn ? this.#count : null
  }

  begin(untilMs: EpochMs): void {
    if (!this.isOn) this.#count += 1
    this.#untilMs = Math.max(untilMs, this.#untilMs ?? untilMs)
  }

  /** The store answers again, unless another outage has begun meanwhile: then it hears what hosts have kept for it. */
  end(nowMs: EpochMs): void {
    if (this.#untilMs === null || nowMs < this.#untilMs) return
    this.#untilMs = null
    const waiting = this.#waiting
    this.#waiting = []
    for (const post of waiting) post()
    for (const host of this.#hosts.values()) host.forgetRooms()
  }

  /** Tells the store, now or when it answers again. */
  tell(post: () => void): void {
    if (this.isOn) this.#waiting.push(post)
    else post()
  }

  /** The host that got an answer knows more. Calls go to the hosts by turns. */
  learn(run: Run, ruling: Ruling): void {
    if (this.#policy.onStoreUnavailable.kind !== "degrade") return
    const { lines, switches } = ruling.plan
    this.#next().learn(run, lines, switches, ruling)
  }

  /** Decides without the store; null where the host refuses. What it took is given back by `correct`. */
  ask(run: Run, request: CallRequest): Alone | null {
    const plan = run.planOf(request)
    const host = this.#next()
    const held = { ...NOTHING, requests: 1, ...request.amounts }
    if (host.stopOf(plan.lines, plan.switches, run.nowMs) !== null) return null
    if (!host.takeShare(this.#policy, plan.lines, held)) return null
    const id = { source: "alone", n: this.#calls }
    const { nowMs: atMs } = run
    const hold: Let = { allowed: true, id, plan, request, via: null, granted: 0, held, atMs }
    return { hold, correct: (actual) => host.correctShare(plan.lines, held, actual) }
  }

  #next(): HostKnowledge {
    const rule = this.#policy.onStoreUnavailable
    const number = rule.kind === "degrade" ? this.#calls % rule.hosts : 0
    this.#calls += 1
    const known = this.#hosts.get(number) ?? new HostKnowledge()
    this.#hosts.set(number, known)
    return known
  }
}

/** A call that a host let through by itself. */
export interface Alone {
  readonly hold: Let
  /** What it did cost takes the place of what it took. */
  readonly correct: (actual: Amounts) => void
}
