import { AMOUNT_MAX } from "../../domain/money.ts"
import type { Policy } from "../../domain/policy.ts"
import type { EpochMs } from "../../domain/time.ts"
import { type Cover, cheapestCover } from "./cover.ts"
import { type Kind, kindsOf, type Payer, payersOf } from "./payers.ts"
import { BILL_SPANS, type BillSpan, spansOf } from "./spans.ts"

export type { BillSpan } from "./spans.ts"

/** The most that one payer may spend, in the unit (nano-USD for `usd`); null where nothing bounds it. */
export interface WorstBill extends Payer {
  /** Calendar hours, days, weeks (from Monday) and months are those of `timeZone`. */
  readonly perHour: number | null
  /** Any 60 minutes: around a full hour two periods meet. */
  readonly perAnyHour: number | null
  readonly perDay: number | null
  readonly perWeek: number | null
  readonly perMonth: number | null
  /** More, by all hosts together, each time that the store does not answer. */
  readonly perOutage: number | null
  /** Of each span the reckoning; null where nothing bounds it. */
  readonly proofs: Readonly<Record<BillSpan, BillProof | null>>
}

/** Why no more can be spent: periods of budgets that cover the span, and their caps add up to the bill. */
export interface BillProof {
  /** A span that the most may be spent in, epoch milliseconds. */
  readonly startMs: EpochMs
  readonly endMs: EpochMs
  readonly by: readonly {
    readonly budget: string
    readonly periods: number
    /** Of one period, in the unit. */
    readonly cap: number
  }[]
  /** Values of the subject that have limits of their own, by dimension. */
  readonly subject: Readonly<Record<string, string>>
}

/**
 * The worst bills that a policy permits while nobody acknowledges, by the time of reservation. Of a payer,
 * every budget binds that counts by nothing else than the payer's dimensions; the bill of a span is the
 * cheapest cover of it by their periods, and the largest over all spans of its kind. Where subjects have
 * limits of their own, of the subject with the most.
 */
export const worstBills = (policy: Policy, timeZone: string): readonly WorstBill[] =>
  payersOf(policy).map((payer) => {
    const kinds = kindsOf(policy, payer)
    const bills = new Map(BILL_SPANS.map((span) => [span, worstOf(kinds, span, timeZone)]))
    const amount = (span: BillSpan): number | null => amountOf(bills.get(span)?.cover.amount)
    return {
      ...payer,
      perHour: amount("hour"),
      perAnyHour: amount("any-hour"),
      perDay: amount("day"),
      perWeek: amount("week"),
      perMonth: amount("month"),
      perOutage: outageOf(policy, kinds),
      proofs: Object.fromEntries(
        BILL_SPANS.map((span) => [span, proofOf(bills.get(span) ?? null)]),
      ) as Record<BillSpan, BillProof | null>,
    }
  })

interface Worst {
  readonly cover: Cover
  readonly startMs: EpochMs
  readonly endMs: EpochMs
  readonly kind: Kind
}

/** Null where a kind of subject has no bound. */
const worstOf = (kinds: readonly Kind[], span: BillSpan, timeZone: string): Worst | null => {
  let worst: Worst | null = null
  for (const kind of kinds) {
    if (kind.bounds.length === 0) return null
    for (const { startMs, endMs } of spansOf(span, kind.bounds, timeZone)) {
      const cover = cheapestCover({ startMs, endMs }, kind.bounds)
      if (cover !== null && (worst === null || cover.amount > worst.cover.amount))
        worst = { cover, startMs, endMs, kind }
    }
  }
  return worst
}

const proofOf = (worst: Worst | null): BillProof | null => {
  if (worst === null) return null
  const { startMs, endMs, cover, kind } = worst
  const by = cover.by.map((part) => ({
    ...part,
    cap: Number(kind.bounds.find(({ id }) => id === part.budget)?.cap ?? 0),
  }))
  return { startMs, endMs, by, subject: Object.fromEntries(kind.subject) }
}

/** What all hosts together may spend without the store: their shares of an unused cap at most. */
const outageOf = (policy: Policy, kinds: readonly Kind[]): number | null => {
  const rule = policy.onStoreUnavailable
  if (rule.kind === "deny") return 0
  if (rule.kind === "allow") return null
  const hosts = BigInt(rule.hosts)
  const share = BigInt(Math.round(rule.sharePercent * 10_000))
  let most = 0n
  for (const { bounds } of kinds) {
    const shares = bounds.map(({ cap }) => ((cap * share) / (1_000_000n * hosts)) * hosts)
    const [least] = shares.sort((one, other) => (one < other ? -1 : 1))
    if (least === undefined) return null
    if (least > most) most = least
  }
  return amountOf(most)
}

const amountOf = (amount: bigint | undefined): number | null =>
  amount === undefined || amount > BigInt(AMOUNT_MAX) ? null : Number(amount)
