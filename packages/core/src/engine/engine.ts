import type { Line } from "../domain/command.ts"
import { compile, type Plan } from "../domain/compile.ts"
import type { Obstacle, Outcome } from "../domain/outcome.ts"
import type { Budget, Policy } from "../domain/policy.ts"
import type { Subject } from "../domain/subject.ts"
import type { Prices } from "../ports/Prices.ts"
import type { Store } from "../ports/Store.ts"
import { type Asked, RESERVATION_MS } from "./asked.ts"
import type { Decision, Refused } from "./decision.ts"
import { RequestFailed, SpendfuseClosed } from "./errors.ts"
import { estimate } from "./estimate.ts"
import { degradedTo, sleep } from "./fallback.ts"
import { Held, type HeldBy } from "./held.ts"
import type { Notice } from "./notice.ts"
import { Plans } from "./plan.ts"
import { Refusals } from "./refusals.ts"
import type { CallRequest } from "./request.ts"
import { checkRequest } from "./request.ts"
import { type Numbered, Sender } from "./send.ts"
import { Unavailable, unref } from "./unavailable.ts"
import { type Ticket, Waiting } from "./waiting.ts"

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
  readonly rememberRefusals: boolean
  readonly onNotice: (notice: Notice) => void
  readonly onEvents: () => void
}

const ATTEMPTS_MAX = 3

/**
 * The path of every decision: price, compile, one command to the store, a value back. Plain promises, and
 * none at all up to the answer where the store lives in this process.
 */
export class Engine implements HeldBy {
  readonly options: EngineOptions
  readonly sender: Sender
  readonly waiting: Waiting
  readonly refusals = new Refusals()
  readonly unavailable: Unavailable
  readonly running = new Set<Held>()
  policy: Policy
  readonly #plans = new Plans()
  #beat: ReturnType<typeof setInterval> | null = null
  #closed = false

  constructor(options: EngineOptions) {
    this.options = options
    this.policy = options.policy
    const onWarning = (message: string): void => options.onNotice({ kind: "warning", message })
    this.sender = new Sender({ ...options, deadlineMs: options.storeDeadlineMs, onWarning })
    this.waiting = new Waiting(options.random)
    this.unavailable = new Unavailable({ ...options, sender: this.sender })
  }

  /**
   * Decides a request: admitted with a hold, or refused with every obstacle; waits while the budget is
   * only busy, and walks the policy's fallbacks.
   *
   * @throws RequestFailed where the request itself is at fault; the signal's reason where it aborts
   */
  async reserve(request: CallRequest): Promise<Decision> {
    request.signal?.throwIfAborted()
    const asked = this.ask(request)
    const decided = await this.#decideOrWait(asked)
    return decided.allowed || request.via !== undefined ? decided : this.#fallBack(request, decided)
  }

  /** @throws RequestFailed where a count is not one, or nothing bounds or prices the call */
  ask(request: CallRequest): Asked {
    if (this.#closed) throw new SpendfuseClosed()
    checkRequest(request)
    const atMs = this.sender.issuedAtMs()
    const worst = estimate(request, this.policy, this.options.prices, atMs)
    return { request, estimate: worst, via: request.via ?? null }
  }

  planOf(request: CallRequest, issuedAtMs: number): Plan {
    const { subject, model, provider } = request
    return this.#plans.planOf(this.policy, subject, issuedAtMs, model, provider)
  }

  /** The line of one budget for a subject, whatever its `match`. @throws RequestFailed `missing-dimension` */
  lineOf(budget: Budget, subject: Subject, atMs: number): Line {
    const { match: _, ...always } = budget
    const plan = compile({ ...this.policy, budgets: [always] }, subject, atMs)
    const [line] = "missing" in plan ? [] : plan.lines
    if (line !== undefined) return line
    throw new RequestFailed(
      "missing-dimension",
      `budget \`${budget.id}\` counts by ${budget.per.map((name) => `\`${name}\``).join(", ")}; the subject lacks one`,
    )
  }

  /** One try, without waiting or fallbacks. */
  attempt(asked: Asked, tries = 1): Decision | Promise<Decision> {
    const issuedAtMs = this.sender.issuedAtMs()
    const plan = this.planOf(asked.request, issuedAtMs)
    const known = this.#recall(asked, plan, issuedAtMs)
    if (known !== null) return this.refusal(asked, "remembered", known, issuedAtMs)
    if (this.unavailable.isDown) return this.#withoutStore(asked, plan, issuedAtMs, null)
    if (this.unavailable.isPosting) return this.#afterPosts(asked, plan, issuedAtMs, tries)
    const numbered = this.#number(asked, plan, issuedAtMs)
    if (numbered instanceof Promise)
      return numbered.then((ready) => this.#send(asked, plan, issuedAtMs, ready, tries))
    return this.#send(asked, plan, issuedAtMs, numbered, tries)
  }

  refusal(
    asked: Pick<Asked, "request">,
    reason: Refused["reason"] | "remembered",
    obstacles: readonly Obstacle[],
    issuedAtMs: number,
    untilMs: number | null = latestEnd(obstacles),
  ): Refused {
    return {
      allowed: false,
      request: asked.request,
      reason: reason === "remembered" ? (obstacles[0]?.reason ?? "busy") : reason,
      obstacles,
      untilMs,
      retryAfterMs: untilMs === null ? null : Math.max(0, untilMs - issuedAtMs),
      withoutStore: reason === "store-unavailable",
      fallback: null,
    }
  }

  /** Something was given back on these lines: whoever waits first asks again. */
  wake(lines: readonly Line[]): void {
    for (const { account } of lines) this.waiting.wake(account)
  }

  /** Holds of long calls are kept alive by a heartbeat each third of their life. */
  keepAlive(held: Held): void {
    this.running.add(held)
    if (this.#beat !== null) return
    this.#beat = setInterval(() => this.#beatAll(), BEAT_MS)
    unref(this.#beat)
  }

  async close(): Promise<void> {
    this.#closed = true
    if (this.#beat !== null) clearInterval(this.#beat)
    await this.unavailable.flush()
    this.unavailable.stop()
  }

  async #decideOrWait(asked: Asked): Promise<Decision> {
    const waitMs = asked.request.waitMs ?? this.options.waitMs
    const queued = waitMs > 0 ? this.#queueOf(asked) : null
    if (queued !== null) return this.#wait(asked, { account: queued }, waitMs)
    const pending = this.attempt(asked)
    const decided = pending instanceof Promise ? await pending : pending
    if (decided.allowed || decided.reason !== "busy" || waitMs <= 0) return decided
    const busy = decided.obstacles.find(({ reason }) => reason === "busy")
    if (busy?.kind !== "line") return decided
    return this.#wait(asked, { account: busy.account }, waitMs)
  }

  async #wait(asked: Asked, ticket: Ticket, waitMs: number): Promise<Decision> {
    const { nowMs } = this.options
    const untilMs = nowMs() + waitMs
    try {
      for (;;) {
        const how = await this.waiting.wait(ticket, untilMs, nowMs, asked.request.signal)
        const decided = await this.attempt(asked)
        if (decided.allowed || decided.reason !== "busy" || how === "late") return decided
      }
    } finally {
      this.waiting.leave(ticket)
    }
  }

  /** The account of the request whose queue it must join: others were there first. */
  #queueOf(asked: Asked): string | null {
    if (this.waiting.isEmpty) return null
    const { lines } = this.planOf(asked.request, this.sender.issuedAtMs())
    return lines.find(({ account }) => this.waiting.has(account))?.account ?? null
  }

  async #fallBack(request: CallRequest, first: Refused): Promise<Decision> {
    let refused = first
    const { lines } = this.planOf(request, this.sender.issuedAtMs())
    let name = degradedTo(first, lines) ?? this.policy.onRefused
    while (name !== null) {
      const fallback = this.policy.fallbacks.get(name)
      if (fallback === undefined) return refused
      if (fallback.kind === "answer")
        return { ...refused, fallback: { kind: "answer", name, text: fallback.text } }
      if (fallback.kind === "custom") return { ...refused, fallback: { kind: "custom", name } }
      if (fallback.kind === "wait") await this.#pause(refused, fallback.forMs, request.signal)
      const next = fallback.kind === "wait" ? request : { ...request, ...fallback, via: name }
      const decided = await this.#decideOrWait(this.ask(pick(request, next)))
      if (decided.allowed) return decided
      refused = decided
      name = fallback.next ?? null
    }
    return refused
  }

  async #pause(refused: Refused, forMs: number, signal: AbortSignal | undefined): Promise<void> {
    const { retryAfterMs } = refused
    if (retryAfterMs !== null && retryAfterMs <= forMs) await sleep(retryAfterMs, signal)
  }

  #recall(asked: Asked, plan: Plan, issuedAtMs: number): readonly Obstacle[] | null {
    if (this.refusals.isEmpty) return null
    const { base, perUnit, units } = asked.estimate
    const least = (line: Line): number =>
      base[line.terms.unit] + units.least * perUnit[line.terms.unit]
    return this.refusals.recall(plan.lines, least, issuedAtMs)
  }

  #number(asked: Asked, plan: Plan, issuedAtMs: number): Numbered | Promise<Numbered> {
    const { base, perUnit, units } = asked.estimate
    return this.sender.number({
      kind: "reserve",
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
  }

  #send(
    asked: Asked,
    plan: Plan,
    issuedAtMs: number,
    numbered: Numbered,
    tries: number,
  ): Decision | Promise<Decision> {
    try {
      const outcome = this.sender.send(numbered, asked.request.signal)
      if (!(outcome instanceof Promise))
        return this.#decided(asked, plan, issuedAtMs, numbered, outcome, tries)
      return outcome.then(
        (answer) => this.#decided(asked, plan, issuedAtMs, numbered, answer, tries),
        (error: unknown) => this.#unanswered(asked, plan, issuedAtMs, numbered, error),
      )
    } catch (error) {
      return this.#unanswered(asked, plan, issuedAtMs, numbered, error)
    }
  }

  #decided(
    asked: Asked,
    plan: Plan,
    issuedAtMs: number,
    numbered: Numbered,
    outcome: Outcome,
    tries: number,
  ): Decision | Promise<Decision> {
    this.unavailable.markUp()
    switch (outcome.kind) {
      case "reserved": {
        const held = new Held(this, asked, plan, issuedAtMs, numbered, outcome.granted)
        if (asked.request.signal?.aborted === true) return this.#aborted(asked, held)
        if (this.policy.onStoreUnavailable.kind !== "deny") this.#learn(plan, issuedAtMs)
        return held
      }
      case "refused":
        if (this.options.rememberRefusals)
          this.refusals.remember(plan.lines, outcome.obstacles, issuedAtMs)
        this.unavailable.learn(plan.lines, outcome.obstacles)
        return this.refusal(asked, outcome.reason, outcome.obstacles, issuedAtMs, outcome.untilMs)
      case "error":
        if (tries < ATTEMPTS_MAX && (outcome.error === "skewed" || this.renamed(outcome)))
          return this.attempt(asked, tries + 1)
        throw new RequestFailed(outcome.error, outcome.detail)
      default:
        throw new Error(`a Reserve was answered with \`${outcome.kind}\``)
    }
  }

  /** The store does not know this process (any more): it goes on under a new name. */
  renamed(outcome: Extract<Outcome, { kind: "error" }>): boolean {
    if (outcome.error !== "unknown-source" && outcome.error !== "already-answered") return false
    this.sender.rename()
    this.options.onNotice({
      kind: "ledger-rewound",
      message: `the store answered \`${outcome.error}\`: it was restored, or this process was silent for a day`,
    })
    return true
  }

  async #aborted(asked: Asked, held: Held): Promise<never> {
    await held.release()
    throw asked.request.signal?.reason
  }

  async #afterPosts(
    asked: Asked,
    plan: Plan,
    issuedAtMs: number,
    tries: number,
  ): Promise<Decision> {
    await this.unavailable.flush()
    if (this.unavailable.isPosting) return this.#withoutStore(asked, plan, issuedAtMs, null)
    return this.attempt(asked, tries)
  }

  #unanswered(
    asked: Asked,
    plan: Plan,
    issuedAtMs: number,
    numbered: Numbered,
    error: unknown,
  ): Decision {
    if (asked.request.signal?.aborted === true) {
      this.postRelease(plan, numbered)
      throw asked.request.signal.reason
    }
    if ((error as { _tag?: unknown })._tag !== "StoreUnavailable") {
      this.sender.abandon(numbered)
      throw error
    }
    this.unavailable.markDown()
    return this.#withoutStore(asked, plan, issuedAtMs, numbered)
  }

  postRelease(plan: Plan, numbered: Numbered): void {
    const reservation = numbered.command.id
    const { division } = plan
    this.unavailable.post({ kind: "release", division, reservation }, null, numbered)
  }

  #withoutStore(asked: Asked, plan: Plan, issuedAtMs: number, numbered: Numbered | null): Decision {
    const { lines, switches } = plan
    const granted = this.unavailable.refuses(lines, switches) ? null : this.#share(asked, lines)
    if (granted !== null)
      return new Held(this, asked, plan, issuedAtMs, numbered, granted, { withoutStore: true })
    if (numbered !== null) this.postRelease(plan, numbered)
    return this.refusal(asked, "store-unavailable", [], issuedAtMs, null)
  }

  /** The largest grant that the policy lets this host make by itself, or null. */
  #share(asked: Asked, lines: readonly Line[]): number | null {
    const { base, perUnit, units } = asked.estimate
    const costAt = (n: number) => ({
      usd: base.usd + n * perUnit.usd,
      tokens: base.tokens + n * perUnit.tokens,
      requests: base.requests + n * perUnit.requests,
    })
    for (const n of new Set([units.most, units.least]))
      if (this.unavailable.takeShare(this.policy, lines, costAt(n))) return n
    return null
  }

  /** Reads what is left, once a second per plan at most, for the time when the store is away. */
  #learn(plan: Plan, issuedAtMs: number): void {
    this.unavailable.readRoom(this.options.store, plan.lines, issuedAtMs)
  }

  #beatAll(): void {
    const nowMs = this.options.monotonicMs()
    for (const held of this.running) held.beat(nowMs)
    if (this.running.size > 0 || this.#beat === null) return
    clearInterval(this.#beat)
    this.#beat = null
  }
}

const BEAT_MS = 1_000

/** The request that a fallback asks instead: its model, its provider where it names one. */
const pick = (
  request: CallRequest,
  next: { readonly model?: string; readonly provider?: string; readonly via?: string },
): CallRequest => ({
  ...request,
  ...(next.model !== undefined && { model: next.model }),
  ...(next.provider !== undefined && { provider: next.provider }),
  ...(next.via !== undefined && { via: next.via }),
})

const latestEnd = (obstacles: readonly Obstacle[]): number | null => {
  let latest = 0
  for (const { untilMs } of obstacles) {
    if (untilMs === null) return null
    latest = Math.max(latest, untilMs)
  }
  return latest
}
