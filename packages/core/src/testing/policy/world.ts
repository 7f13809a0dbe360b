import type { DomainEvent } from "../../domain/event.ts"
import type { Policy } from "../../domain/policy.ts"
import { type Amounts, NOTHING, type Unit } from "../../domain/terms.ts"
import { DAY_MS, type EpochMs, HOUR_MS } from "../../domain/time.ts"
import type { CallRequest } from "../../engine/request.ts"
import { Agenda } from "../../lab/agenda.ts"
import { type Let, Run } from "../../lab/run.ts"
import type { Moment, Spend } from "./moment.ts"
import { Silence } from "./silence.ts"
import type { After, CallStep, Share, StoryStep } from "./story.ts"

/** Stories begin here: a Thursday, in the middle of a month. */
export const STORY_START_MS: EpochMs = Date.UTC(2026, 0, 15, 9, 30)

const BY = { by: "a person", why: "has seen it" }
const HOLD_MS = 4 * HOUR_MS
const EDGE_MAX_MS = 40 * DAY_MS

type Done = Pick<Moment, "request" | "ruling" | "outcome" | "account">
type Operation = Exclude<StoryStep, CallStep | { readonly kind: "outage" }>

const NOTHING_DONE: Done = { request: null, ruling: null, outcome: null, account: null }

/** Plays the steps of one story. */
export class World {
  readonly run: Run
  readonly spends: Spend[] = []
  readonly #agenda = new Agenda<() => void>()
  readonly #silence: Silence
  #events: DomainEvent[] = []

  constructor(policy: Policy) {
    const onEvent = (event: DomainEvent): void => {
      this.#events.push(event)
    }
    this.run = new Run({ policy, startMs: STORY_START_MS, onEvent })
    this.#silence = new Silence(policy)
  }

  /** Time goes on to the step, and calls that end meanwhile are settled. Returns what was told of that so far. */
  arrive(step: StoryStep): readonly DomainEvent[] {
    this.goTo(this.#instantOf(step.after, step))
    return [...this.#events]
  }

  /** The step happens, after what comes before it; a call asks for `request` where one is given. */
  play(step: StoryStep, request: CallRequest | null = null): Omit<Moment, "twin"> {
    this.arrive(step)
    const { run, spends } = this
    const seen = this.#do(step, request)
    const events = this.#events
    this.#events = []
    return { policy: run.policy, run, atMs: run.nowMs, step, spends, events, ...seen }
  }

  /** Ends what is due by then. */
  goTo(atMs: EpochMs): void {
    for (
      let due = this.#agenda.takeDue(atMs);
      due !== undefined;
      due = this.#agenda.takeDue(atMs)
    ) {
      this.run.advance(due.atMs)
      due.item()
    }
    this.run.advance(atMs)
    if (!this.#silence.isOn) this.run.expire()
  }

  /** What a call asks for, in every unit that the policy counts, of the tightest cap that binds it in each. */
  requestOf(step: CallStep): CallRequest {
    const { subject, model, provider } = step
    const named = {
      subject,
      expiresInMs: HOLD_MS,
      ...(model !== undefined && { model }),
      ...(provider !== undefined && { provider }),
    }
    const amounts: Record<Unit, number> = { ...NOTHING, requests: 1 }
    for (const unit of ["usd", "tokens"] as const) {
      const caps = this.run
        .planOf(named)
        .lines.filter(({ terms }) => terms.unit === unit)
        .map((line) => Math.min(this.run.view(line).cap, line.terms.limit))
      // What nothing binds asks as much as what is bound: that is how it is found out.
      if (caps.length === 0) caps.push(...limitsOf(this.run.policy, unit))
      if (caps.length > 0) amounts[unit] = shareOf(step.share, Math.min(...caps))
    }
    return { ...named, amounts }
  }

  #do(step: StoryStep, given: CallRequest | null): Done {
    if (step.kind === "call") return this.#call(step, given ?? this.requestOf(step))
    if (step.kind === "outage") {
      const untilMs = this.run.nowMs + step.lastsMs
      this.#silence.begin(untilMs)
      this.#agenda.add(untilMs, () => this.#silence.end(this.run.nowMs))
      return NOTHING_DONE
    }
    // A person who reaches no store changes nothing.
    return this.#silence.isOn
      ? NOTHING_DONE
      : { request: null, ruling: null, ...this.#operate(step) }
  }

  #call(step: CallStep, request: CallRequest): Done {
    const done = { request, outcome: null, account: null }
    if (!this.#silence.isOn) {
      const ruling = this.run.reserve(request)
      this.#silence.learn(this.run, ruling)
      if (ruling.allowed) this.#start(step, ruling, null)
      return { ...done, ruling }
    }
    const alone = this.#silence.ask(this.run, request)
    if (alone !== null) this.#start(step, alone.hold, alone.correct)
    return { ...done, ruling: alone?.hold ?? null }
  }

  #operate(step: Operation): Pick<Done, "outcome" | "account"> {
    if (step.kind === "switch") {
      const outcome = this.run.switch(step.dimension, step.value, step.state, BY)
      return { outcome, account: null }
    }
    const line = this.run.lineOf(step.budget, step.subject)
    if (line === null) return { outcome: null, account: null }
    const { account } = line
    if (step.kind === "trip") return { outcome: this.run.trip(line, step.coolDownMs, BY), account }
    const allow = step.allow === null ? null : shareOf(step.allow, line.terms.limit)
    return { outcome: this.run.acknowledge(line, BY, allow), account }
  }

  /** @param correct of a call that a host let through by itself */
  #start(step: CallStep, hold: Let, correct: ((actual: Amounts) => void) | null): void {
    const accounts = hold.plan.lines.map(({ account }) => account)
    const { atMs, request, held, plan } = hold
    const outage = this.#silence.outage
    const spend: Spend = { atMs, request, accounts, amounts: held, outage }
    this.spends.push(spend)
    if (step.isLost) return
    const share = (amount: number): number => Math.floor((amount * step.usesPercent) / 100)
    const actual = { usd: share(held.usd), tokens: share(held.tokens), requests: 1 }
    this.#agenda.add(hold.atMs + step.runsMs, () => {
      spend.amounts = actual
      correct?.(actual)
      this.#silence.tell(() =>
        correct === null
          ? this.run.settle(hold, { amounts: actual })
          : this.run.charge(request, actual, plan),
      )
    })
  }

  #instantOf(after: After, step: StoryStep): EpochMs {
    const { nowMs } = this.run
    if (after.kind === "while") return nowMs + after.ms
    const line = "subject" in step ? this.run.lineOf(after.budget, step.subject) : null
    const endMs = line?.period.endMs ?? Number.POSITIVE_INFINITY
    if (endMs - nowMs > EDGE_MAX_MS) return nowMs + HOUR_MS
    return Math.max(nowMs, endMs - after.beforeMs)
  }
}

const limitsOf = ({ budgets }: Policy, unit: Unit): readonly number[] =>
  budgets.filter((budget) => budget.unit === unit).map(({ limit }) => limit)

const shareOf = (share: Share, cap: number): number => {
  if (share === "one") return 1
  if (share === "above") return cap + 1
  return Math.max(1, Math.floor((cap / 100) * share.percent))
}
