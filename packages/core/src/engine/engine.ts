import type { Line } from "../domain/command.ts"
import { compile, type Plan } from "../domain/compile.ts"
import type { Outcome } from "../domain/outcome.ts"
import type { Budget, Policy } from "../domain/policy.ts"
import type { Subject } from "../domain/subject.ts"
import type { Prices } from "../ports/Prices.ts"
import type { Store } from "../ports/Store.ts"
import { type Asked, ATTEMPTS_MAX, RESERVATION_MS, type Trial } from "./asked.ts"
import { Beats } from "./beats.ts"
import { CoarseClock } from "./coarseClock.ts"
import type { Decision, Refused } from "./decision.ts"
import { RequestFailed, SpendfuseClosed } from "./errors.ts"
import { estimate } from "./estimate.ts"
import { fallBack } from "./fallback.ts"
import { Held } from "./held.ts"
import type { HeldBy } from "./heldBy.ts"
import { Known } from "./known.ts"
import { Leases } from "./leases/leases.ts"
import type { Notice } from "./notice.ts"
import { checkSubject, type Kept, Plans } from "./plan.ts"
import { Posts } from "./posts.ts"
import { latestEnd, type Refusing, refused } from "./refusal.ts"
import { Refusals } from "./refusals.ts"
import { type CallRequest, checkRequest } from "./request.ts"
import { stopAgain } from "./rewound.ts"
import type { RuledPlan } from "./rules.ts"
import { type Numbered, Sender } from "./send.ts"
import { StoreCircuit } from "./storeCircuit.ts"
import { Waiting } from "./waiting.ts"
import { withoutStore } from "./withoutStore.ts"

export interface EngineOptions {
  readonly policy: Policy
  readonly store: Store
  readonly prices: Prices | undefined
  readonly nowMs: () => number
  readonly monotonicMs: () => number
  readonly random: () => number
  readonly newSource: () => string
  readonly storeDeadlineMs: number
  readonly waitMs: number
  /** An hour unless given. */
  readonly maxHoldMs?: number
  readonly rememberRefusals: boolean
  /** Each look into the memory of refusals reads the clock; false unless given, where one reading serves some. */
  readonly exactTime?: boolean
  readonly onNotice: (notice: Notice) => void
  /** One command wrote so many. */
  readonly onEvents: (count: number) => void
}

/**
 * The path of every decision: price, compile, one command to the store, a value back. Plain code, and no
 * promise up to the answer where the store lives in this process.
 */
export class Engine implements HeldBy {
  readonly options: EngineOptions
  readonly sender: Sender
  readonly circuit: StoreCircuit
  readonly posts: Posts
  readonly known: Known
  readonly beats: Beats
  readonly waiting: Waiting
  readonly refusals: Refusals = new Refusals()
  readonly leases: Leases
  policy: Policy
  readonly #plans = new Plans()
  readonly #coarse: { nowMs(): number }
  #isClosed = false
  #rewinds = 0
  #rewoundUntilMs = Number.NEGATIVE_INFINITY

  constructor(options: EngineOptions) {
    this.options = options
    this.policy = options.policy
    const { onNotice, monotonicMs } = options
    const onWarning = (message: string): void => onNotice({ kind: "warning", message })
    const onRewound = (message: string): void => this.#rewound(message)
    const deadlineMs = options.storeDeadlineMs
    this.sender = new Sender({ ...options, deadlineMs, onWarning, onRewound })
    this.circuit = new StoreCircuit({ ...options, deadlineMs })
    this.posts = new Posts({
      ...options,
      sender: this.sender,
      circuit: this.circuit,
      onPosted: (lines) => this.wake(lines),
    })
    this.known = new Known({ onNotice, onRewound })
    const { maxHoldMs = HOLD_MAX_MS } = options
    this.beats = new Beats({ monotonicMs, maxHoldMs, onWarning })
    const exact = { nowMs: () => this.sender.issuedAtMs() }
    this.#coarse = options.exactTime === true ? exact : new CoarseClock(exact.nowMs)
    this.waiting = new Waiting({ ...options, attempt: (asked) => this.attempt(asked) })
    this.leases = new Leases(this)
  }

  /**
   * Decides a request: admitted with a hold, or refused with every obstacle; waits while the budget is
   * only busy, and walks the policy's fallbacks. Rejects with RequestFailed where the request itself is
   * at fault, and with the signal's reason where it aborts.
   */
  reserve(request: CallRequest): Promise<Decision> {
    try {
      const decided = this.#reserve(request)
      return decided instanceof Promise ? decided : Promise.resolve(decided)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** One try that also waits while the budget is only busy, without fallbacks. */
  decide(request: CallRequest): Decision | Promise<Decision> {
    this.assertOpen()
    let issuedAtMs: number | undefined
    let asked: Asked
    if (this.refusals.isEmpty) {
      issuedAtMs = this.sender.issuedAtMs()
      asked = this.#ask(request, issuedAtMs)
    } else {
      const atMs = this.#coarse.nowMs()
      asked = this.#ask(request, atMs)
      const remembered = this.#recall(asked, this.#keptOf(request, atMs), atMs)
      if (remembered !== null) return remembered
    }
    const waitMs = request.waitMs ?? this.options.waitMs
    if (waitMs > 0 && !this.waiting.isEmpty) {
      const { lines } = this.planOf(request)
      const behind = this.waiting.queueOf(asked, lines)
      if (behind !== null) return this.waiting.wait(asked, lines, behind, waitMs)
    }
    const { given } = this.waiting
    const decided = this.attempt(asked, 1, issuedAtMs)
    if (decided instanceof Promise)
      return decided.then((value) => this.waiting.orWait(asked, value, waitMs, given))
    return this.waiting.orWait(asked, decided, waitMs, given)
  }

  /** @throws SpendfuseClosed */
  assertOpen(): void {
    if (this.#isClosed) throw new SpendfuseClosed()
  }

  /** @throws RequestFailed `missing-dimension`, or `invalid-command` where the subject is not one */
  planOf(request: CallRequest, issuedAtMs: number = this.sender.issuedAtMs()): RuledPlan {
    return this.#keptOf(request, issuedAtMs).plan
  }

  /**
   * The line of one budget for a subject, whatever its `match`.
   *
   * @throws RequestFailed `missing-dimension`, or `invalid-command` where the subject is not one
   */
  lineOf(budget: Budget, subject: Subject, atMs: number): Line {
    checkSubject(subject)
    const { match: _, ...always } = budget
    const plan = compile({ ...this.policy, budgets: [always] }, subject, atMs)
    const [line] = "missing" in plan ? [] : plan.lines
    if (line !== undefined) return line
    throw new RequestFailed(
      "missing-dimension",
      `budget \`${budget.id}\` counts by ${budget.per.map((name) => `\`${name}\``).join(", ")}; the subject lacks one`,
    )
  }

  /** The plan of a request as it is kept with its subject. @throws RequestFailed as `planOf` */
  keptOf(request: CallRequest, issuedAtMs: number): Kept {
    return this.#keptOf(request, issuedAtMs)
  }

  /** One try, without waiting or fallbacks. */
  attempt(
    asked: Asked,
    tries = 1,
    issuedAtMs: number = this.sender.issuedAtMs(),
  ): Decision | Promise<Decision> {
    const kept = this.#keptOf(asked.request, issuedAtMs)
    const remembered = this.refusals.isEmpty ? null : this.#recall(asked, kept, issuedAtMs)
    if (remembered !== null) return remembered
    const { carried } = asked
    if (carried === undefined && this.leases.has(kept))
      return this.leases.decide(asked, kept, issuedAtMs, tries)
    const plan = carried === undefined ? kept.plan : planWithout(kept.plan, carried)
    if (this.posts.goesFirst) return this.#afterPosts(asked, plan, issuedAtMs, tries)
    if (!this.circuit.isClosed && this.circuit.refuses())
      return withoutStore(this, { asked, plan, issuedAtMs, tries }, null)
    return this.#send({ asked, plan, issuedAtMs, tries })
  }

  refusal(refusing: Refusing): Refused {
    return refused(refusing)
  }

  /** Something was given back on these lines: whoever waits first asks again. */
  wake(lines: readonly Line[]): void {
    this.waiting.wake(lines)
  }

  /** What nobody waits for any more must not hold anything: its Release is sent until it is answered. */
  postRelease(plan: Plan, reserve: Numbered): void {
    const { division, lines } = plan
    const unsent = { kind: "release", division, reservation: reserve.command.id } as const
    this.posts.post({ unsent, numbered: null, reserve, lines, goesFirst: false })
  }

  /** Waiting callers are turned away, and what is to be posted is posted, or told as `unposted`. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.beats.stop()
    this.waiting.close(new SpendfuseClosed())
    await this.leases.close()
    await this.posts.stop()
  }

  #reserve(request: CallRequest): Decision | Promise<Decision> {
    checkRequest(request)
    request.signal?.throwIfAborted()
    const decided = this.decide(request)
    if (decided instanceof Promise) return decided.then((value) => this.#orFallBack(request, value))
    return this.#orFallBack(request, decided)
  }

  #orFallBack(request: CallRequest, decided: Decision): Decision | Promise<Decision> {
    if (decided.allowed || request.via !== undefined || this.policy.fallbacks.size === 0)
      return decided
    return fallBack(this, request, decided)
  }

  #ask(request: CallRequest, atMs: number): Asked {
    const worst = estimate(request, this.policy, this.options.prices, atMs)
    return { request, estimate: worst, via: request.via ?? null }
  }

  #keptOf({ subject, model, provider }: CallRequest, issuedAtMs: number): Kept {
    return this.#plans.planOf(this.policy, subject, issuedAtMs, model, provider)
  }

  #recall(asked: Asked, kept: Kept, issuedAtMs: number): Refused | null {
    const obstacles = this.refusals.recall(kept, asked.estimate, issuedAtMs)
    const first = obstacles?.[0]
    if (obstacles === null || first === undefined) return null
    const untilMs = latestEnd(obstacles)
    const { lines } = kept.plan
    return refused({ asked, lines, reason: first.reason, obstacles, issuedAtMs, untilMs })
  }

  #send(trial: Trial): Decision | Promise<Decision> {
    const { asked, plan, issuedAtMs } = trial
    const head = this.sender.take(plan.division)
    if (head === null) return this.#whenRoom(trial)
    const { base, perUnit, units } = asked.estimate
    const numbered = this.sender.numbered({
      kind: "reserve",
      id: head.id,
      done: head.done,
      division: plan.division,
      issuedAtMs,
      lines: plan.lines,
      switches: plan.switches,
      base,
      perUnit,
      units,
      expiresAtMs: issuedAtMs + (asked.request.expiresInMs ?? RESERVATION_MS),
      via: asked.via,
      swallowed: this.refusals.isEmpty ? 0 : this.refusals.takeSwallowed(plan.lines),
    })
    const rewinds = this.#rewinds
    try {
      const outcome = this.sender.send(numbered, asked.request.signal)
      if (!(outcome instanceof Promise)) return this.#decided(trial, numbered, outcome, rewinds)
      return outcome.then(
        (answer) => this.#decided(trial, numbered, answer, rewinds),
        (error: unknown) => this.#unanswered(trial, numbered, error),
      )
    } catch (error) {
      return this.#unanswered(trial, numbered, error)
    }
  }

  #decided(
    trial: Trial,
    numbered: Numbered,
    outcome: Outcome,
    rewinds: number,
  ): Decision | Promise<Decision> {
    this.circuit.answered()
    const { asked, plan, issuedAtMs } = trial
    switch (outcome.kind) {
      case "reserved": {
        if (outcome.replayed === true) return this.#notMine(trial)
        const { granted } = outcome
        const held = new Held(this, { ...trial, numbered, granted, withoutStore: false })
        if (asked.request.signal?.aborted === true) return this.#aborted(asked, held)
        if (rewinds !== this.#rewinds && trial.tries < ATTEMPTS_MAX)
          return held.release().then(() => this.#again(trial))
        if (this.known.hasStops) this.known.forgetStops(plan.lines, plan.switches)
        if (this.policy.onStoreUnavailable.kind !== "deny")
          this.known.readRoom(this.options.store, plan.lines, issuedAtMs)
        return held
      }
      case "refused": {
        const { reason, obstacles, untilMs } = outcome
        if (this.options.rememberRefusals) this.refusals.remember(plan.lines, obstacles, issuedAtMs)
        this.known.learn(plan.lines, obstacles)
        const { lines } = plan
        return refused({ asked, lines, reason, obstacles, issuedAtMs, untilMs })
      }
      case "error": {
        const { id, division } = numbered.command
        const isAskedAnew =
          this.sender.isRenamed(outcome, id, division) || outcome.error === "skewed"
        if (isAskedAnew && trial.tries < ATTEMPTS_MAX) return this.#again(trial)
        throw new RequestFailed(outcome.error, outcome.detail)
      }
      default:
        throw new Error(`a Reserve was answered with \`${outcome.kind}\``)
    }
  }

  #again({ asked, tries }: Trial): Decision | Promise<Decision> {
    return this.attempt(asked, tries + 1)
  }

  /** Somebody else asked under this number before, and may be calling a provider on its answer by now. */
  #notMine(trial: Trial): Decision | Promise<Decision> {
    this.sender.disown()
    if (trial.tries < ATTEMPTS_MAX) return this.#again(trial)
    throw new RequestFailed("conflict", "the store answers new commands as if it knew them")
  }

  async #aborted(asked: Asked, held: Held): Promise<never> {
    await held.release()
    throw asked.request.signal?.reason
  }

  async #whenRoom({ asked, plan, tries }: Trial): Promise<Decision> {
    await this.sender.room(plan.division, asked.request.signal)
    return this.attempt(asked, tries)
  }

  /** Waits for what must be there first, and no longer than for the store itself. */
  async #afterPosts(
    asked: Asked,
    plan: Plan,
    issuedAtMs: number,
    tries: number,
  ): Promise<Decision> {
    const trial = { asked, plan, issuedAtMs, tries }
    if (!this.circuit.isClosed && this.circuit.refuses()) return withoutStore(this, trial, null)
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.options.storeDeadlineMs)
    })
    await Promise.race([this.posts.flush(), late])
    clearTimeout(timer)
    asked.request.signal?.throwIfAborted()
    return this.posts.goesFirst ? withoutStore(this, trial, null) : this.attempt(asked, tries)
  }

  #unanswered(trial: Trial, numbered: Numbered | null, error: unknown): Decision {
    const { signal } = trial.asked.request
    if (signal?.aborted === true) {
      if (numbered !== null) this.postRelease(trial.plan, numbered)
      throw signal.reason
    }
    if ((error as { _tag?: unknown })._tag !== "StoreUnavailable") {
      if (numbered !== null) this.sender.abandon(numbered)
      throw error
    }
    this.circuit.failed()
    return withoutStore(this, trial, numbered)
  }

  /** Before the store admits anything more, it is told again what it has lost. */
  #rewound(message: string): void {
    this.#rewinds += 1
    const nowMs = this.options.monotonicMs()
    if (nowMs < this.#rewoundUntilMs) return
    this.#rewoundUntilMs = nowMs + SAME_REWIND_MS
    this.refusals.clear()
    this.leases.stopAll()
    this.options.onNotice({ kind: "ledger-rewound", message })
    for (const post of stopAgain(this.known.stops(this.sender.issuedAtMs()))) this.posts.post(post)
  }
}

const planWithout = (plan: Plan, carried: ReadonlySet<string>): Plan => ({
  ...plan,
  lines: plan.lines.filter(({ account }) => !carried.has(account)),
})

const HOLD_MAX_MS = 3_600_000

/** Answers that were under way when a rewound store was noticed say it again. */
const SAME_REWIND_MS = 1_000
