import type { Plan } from "../../domain/compile.ts"
import type { Policy } from "../../domain/policy.ts"
import type { Subject } from "../../domain/subject.ts"
import type { EpochMs } from "../../domain/time.ts"
import type { Run } from "../run.ts"
import type { Demanded } from "./demand.ts"
import type { AtHand } from "./gauge.ts"
import type { ReplayRow } from "./row.ts"
import { Usual } from "./usual.ts"

/** Who pays, what its calls came to, and what is at hand for its next one. */
export interface Payer {
  readonly subject: Subject
  readonly usual: Usual
  calls: number
  nanoUsd: number
  refusedCalls: number
  refusedNanoUsd: number
  plan: Plan | null
  fromMs: number
  untilMs: number
  hand: AtHand | null
  demanded: Demanded | null
}

/** Payers by their subject: at most 100,000 have figures of their own, the others share theirs. */
export class Payers {
  readonly #policy: Policy
  readonly #run: Run
  readonly #byObject = new WeakMap<Subject, Payer>()
  readonly #byName = new Map<string, Payer>()
  readonly #others = payerOf({ others: "all" })
  readonly #isForAllModels: boolean
  #lastSubject: Subject | null = null
  #last: Payer | null = null

  constructor(policy: Policy, run: Run) {
    this.#policy = policy
    this.#run = run
    this.#isForAllModels = !policy.budgets.some(
      ({ match }) => match?.model !== undefined || match?.provider !== undefined,
    )
  }

  /** All that have figures of their own; `others` where there were more. */
  get all(): readonly Payer[] {
    const own = [...this.#byName.values()]
    return this.#others.calls > 0 ? [...own, this.#others] : own
  }

  of(subject: Subject): Payer {
    if (subject === this.#lastSubject && this.#last !== null) return this.#last
    const payer = this.#byObject.get(subject) ?? this.#find(subject)
    this.#lastSubject = subject
    this.#last = payer
    return payer
  }

  /** The plan of a row; it is made anew where a period is over. @throws RequestFailed */
  planOf(payer: Payer, row: ReplayRow, nowMs: EpochMs): Plan {
    const { plan } = payer
    if (plan !== null && nowMs >= payer.fromMs && nowMs < payer.untilMs) return plan
    const { provider, model } = row
    const made = this.#run.planOf({
      subject: row.subject,
      ...(provider !== undefined && { provider }),
      ...(model !== undefined && { model }),
    })
    const isKept = this.#isForAllModels && payer !== this.#others
    if (isKept && this.#policy.limitFor === undefined) this.#keep(payer, made)
    return made
  }

  #find(subject: Subject): Payer {
    const name = JSON.stringify(Object.entries(subject).sort(([one], [other]) => order(one, other)))
    let payer = this.#byName.get(name)
    if (payer === undefined) {
      if (this.#byName.size >= PAYERS_MAX) return this.#others
      payer = payerOf(subject)
      this.#byName.set(name, payer)
    }
    this.#byObject.set(subject, payer)
    return payer
  }

  #keep(payer: Payer, plan: Plan): void {
    payer.plan = plan
    payer.hand = null
    payer.fromMs = Number.NEGATIVE_INFINITY
    payer.untilMs = Number.POSITIVE_INFINITY
    for (const { period, terms } of plan.lines) {
      const endMs = terms.slidingMs > 0 ? period.startMs + terms.bucketMs : period.endMs
      payer.fromMs = Math.max(payer.fromMs, period.startMs)
      payer.untilMs = Math.min(payer.untilMs, endMs)
    }
  }
}

const PAYERS_MAX = 100_000

const order = (one: string, other: string): number => (one < other ? -1 : 1)

/** A payer that has done nothing yet. */
export const payerOf = (subject: Subject): Payer => ({
  subject,
  usual: new Usual(),
  calls: 0,
  nanoUsd: 0,
  refusedCalls: 0,
  refusedNanoUsd: 0,
  plan: null,
  fromMs: 0,
  untilMs: 0,
  hand: null,
  demanded: null,
})
