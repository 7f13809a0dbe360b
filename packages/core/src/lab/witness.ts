import type { Policy } from "../domain/policy.ts"
import { PLATFORM } from "../domain/subject.ts"
import { NOTHING } from "../domain/terms.ts"
import { DAY_MS, type EpochMs } from "../domain/time.ts"
import type { Bound } from "../engine/explain/cover.ts"
import { kindsOf } from "../engine/explain/payers.ts"
import { endOfPeriod } from "../engine/explain/periods.ts"
import type { BillSpan, WorstBill } from "../engine/explain/worstBills.ts"
import type { CallRequest } from "../engine/request.ts"
import { type Let, Run } from "./run.ts"

/** An execution that spends what a bill says: who spends how much when. */
export interface Witness {
  /** In the bill's unit. */
  readonly total: number
  readonly spends: readonly { readonly atMs: EpochMs; readonly amount: number }[]
  /**
   * Whether every call runs on until the span is over: then no tier fires meanwhile, and the bill is reached to
   * the nano. Windows that slide or end with idleness count a hold as long as it runs; there each call ends at
   * once, and where a level trips or latches it stops one short of it. A lifetime beside other budgets may not
   * reach the bill: whoever spends a little keeps it from being forgotten.
   */
  readonly holdsOn: boolean
}

const CALLS_MAX = 100_000

/**
 * Spends a worst bill under the real step, as early as each budget lets it: for what lies in intervals of one
 * line this is the most.
 *
 * @returns null where nothing bounds the bill
 */
export const witnessOf = (policy: Policy, bill: WorstBill, span: BillSpan): Witness | null => {
  const proof = bill.proofs[span]
  if (proof === null) return null
  const bounds = boundsOf(policy, bill, proof.subject)
  const holdsOn = bounds.every(
    ({ window }) => window.kind !== "sliding" && window.kind !== "lifetime",
  )
  const spender = new Spender({ policy, bill, subject: proof.subject, holdsOn }, proof.startMs)
  const instants = new Set([proof.startMs])
  for (let atMs = proof.startMs; atMs < proof.endMs; ) {
    spender.spendAt(atMs)
    for (const { window } of bounds) instants.add(endOfPeriod(window, atMs))
    instants.delete(atMs)
    atMs = Math.min(...instants)
  }
  return { ...spender.end(), holdsOn }
}

const boundsOf = (
  policy: Policy,
  bill: WorstBill,
  subject: Readonly<Record<string, string>>,
): readonly Bound[] =>
  kindsOf(policy, bill).find((kind) => isSame(Object.fromEntries(kind.subject), subject))?.bounds ??
  []

const isSame = (
  one: Readonly<Record<string, string>>,
  other: Readonly<Record<string, string>>,
): boolean => JSON.stringify(one) === JSON.stringify(other)

interface Spending {
  readonly policy: Policy
  readonly bill: WorstBill
  readonly subject: Readonly<Record<string, string>>
  readonly holdsOn: boolean
}

/** One payer who takes all that there is. */
class Spender {
  readonly #spending: Spending
  readonly #run: Run
  readonly #spends: { atMs: EpochMs; amount: number }[] = []
  readonly #running: Let[] = []
  readonly #spared: number
  #calls = 0
  #aliveMs: EpochMs

  constructor(spending: Spending, startMs: EpochMs) {
    this.#spending = spending
    this.#run = new Run({ policy: spending.policy, startMs })
    this.#aliveMs = startMs
    const onlyBlocks = spending.policy.budgets.every(({ tiers }) =>
      tiers.every(({ effect }) => effect === undefined || effect.kind === "block"),
    )
    this.#spared = spending.holdsOn || onlyBlocks ? 0 : 1
  }

  spendAt(atMs: EpochMs): void {
    this.#stayAlive(atMs)
    this.#run.advance(atMs)
    const { unit } = this.#spending.bill
    for (;;) {
      const hold = this.#run.reserveMost(this.#request(), unit, 1 + this.#spared)
      if (hold === null) return
      const amount = hold.held[unit] - this.#spared
      if (this.#spending.holdsOn) this.#running.push(hold)
      else this.#settle(hold, amount)
      this.#spends.push({ atMs, amount })
    }
  }

  end(): Pick<Witness, "total" | "spends"> {
    const { unit } = this.#spending.bill
    for (const hold of this.#running) this.#settle(hold, hold.held[unit])
    const total = this.#spends.reduce((sum, { amount }) => sum + amount, 0)
    return { total, spends: this.#spends }
  }

  #settle(hold: Let, amount: number): void {
    this.#run.settle(hold, { amounts: { ...NOTHING, [this.#spending.bill.unit]: amount } })
  }

  /** A hold lives a week at most, and is kept alive by its heartbeat. */
  #stayAlive(untilMs: EpochMs): void {
    if (!this.#spending.holdsOn) return
    while (this.#aliveMs + 3 * DAY_MS < untilMs) {
      this.#aliveMs += 3 * DAY_MS
      this.#run.advance(this.#aliveMs)
      for (const hold of this.#running) this.#run.keepAlive(hold, 7 * DAY_MS)
    }
  }

  /** The payer's own values, and fresh ones of every dimension that it does not count by. */
  #request(): CallRequest {
    this.#calls += 1
    if (this.#calls > CALLS_MAX) throw new Error("the witness of this bill takes too many calls")
    const { policy, bill, subject } = this.#spending
    const values: Record<string, string> = {}
    for (const dimension of policy.budgets.flatMap(({ per }) => per)) {
      if (dimension === PLATFORM) continue
      const own = subject[dimension] ?? "payer"
      values[dimension] = bill.per.includes(dimension) ? own : `fresh-${this.#calls}`
    }
    const model = patternValue(bill.match?.model)
    const provider = patternValue(bill.match?.provider)
    return {
      subject: values,
      expiresInMs: 7 * DAY_MS,
      ...(model !== undefined && { model }),
      ...(provider !== undefined && { provider }),
    }
  }
}

const patternValue = (patterns: readonly string[] | undefined): string | undefined =>
  patterns?.[0]?.replaceAll("*", "")
