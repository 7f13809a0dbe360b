import {
  amountText,
  type BillProof,
  type BillSpan,
  type Policy,
  type WorstBill,
} from "@spendfuse/core"
import { type Witness, witnessOf } from "@spendfuse/core/lab"
import type { Paint } from "../paint.ts"

/** A worst bill of one span: the reckoning that bounds it, and an execution that spends it. */
export interface ProvenBill {
  readonly bill: WorstBill
  readonly span: BillSpan
  /** In the bill's unit. */
  readonly amount: number
  readonly proof: BillProof
  readonly witness: Witness
}

/** Every bill that something bounds, with what proves it; each execution runs under the real step. */
export const provenBills = (policy: Policy, bills: readonly WorstBill[]): readonly ProvenBill[] =>
  bills.flatMap((bill) =>
    SPANS.flatMap(([span, field]) => {
      const amount = bill[field]
      const proof = bill.proofs[span]
      const witness = amount === null ? null : witnessOf(policy, bill, span)
      if (amount === null || proof === null || witness === null) return []
      return [{ bill, span, amount, proof, witness }]
    }),
  )

const SPANS = [
  ["hour", "perHour"],
  ["any-hour", "perAnyHour"],
  ["day", "perDay"],
  ["week", "perWeek"],
  ["month", "perMonth"],
] as const

/** For people: the reckoning, then who spends what when. */
export const proofsInWords = (proven: readonly ProvenBill[], paint: Paint): string =>
  ["", paint.bold("why no bill is higher, and how it is reached"), ...proven.flatMap(inWords)].join(
    "\n",
  )

const inWords = ({ bill, span, amount, proof, witness }: ProvenBill): readonly string[] => {
  const { unit } = bill
  const text = (sum: number): string => amountText(sum, unit)
  const parts = proof.by.map(({ budget, periods, cap }) => `${periods} × ${text(cap)} of ${budget}`)
  const own = Object.entries(proof.subject).map(([name, value]) => `${name} ${value}`)
  const who = own.length === 0 ? payerText(bill) : `${payerText(bill)} (${own.join(", ")})`
  return [
    `${who}, ${SPAN_TEXT[span]}: ${text(amount)}`,
    `  Its periods from ${iso(proof.startMs)} to ${iso(proof.endMs)}: ${parts.join(" + ")}.`,
    `  ${spentText(witness, amount, text)}`,
  ]
}

const SPAN_TEXT: Readonly<Record<BillSpan, string>> = {
  hour: "an hour",
  "any-hour": "any 60 minutes",
  day: "a day",
  week: "a week",
  month: "a month",
}

const SHOWN = 3

const spentText = (
  { spends, total }: Witness,
  amount: number,
  text: (amount: number) => string,
): string => {
  const shown = spends.slice(0, SHOWN).map((one) => `${text(one.amount)} at ${iso(one.atMs)}`)
  const more = spends.length - shown.length
  const rest = more > 0 ? `, and ${more} more` : ""
  const reached =
    total === amount ? "that is all of it" : `${text(total)} in all, ${text(amount - total)} below`
  return `Reached by ${shown.join(", ")}${rest}: ${reached}.`
}

/** Who pays a bill: `each apiKey`, `everybody together`; with the models that it is about. */
export const payerText = ({ per, match }: Pick<WorstBill, "per" | "match">): string => {
  const who =
    per.length === 1 && per[0] === "platform" ? "everybody together" : `each ${per.join(" and ")}`
  if (match === undefined) return who
  const { model = [], provider = [], subject = {} } = match
  const values = Object.entries(subject).map(([name, patterns]) => `${name} ${patterns.join(", ")}`)
  return `${who} (${[...model, ...provider, ...values].join(", ")})`
}

const iso = (atMs: number): string => new Date(atMs).toISOString()
