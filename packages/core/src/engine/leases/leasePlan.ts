import type { Line } from "../../domain/command.ts"
import type { Plan } from "../../domain/compile.ts"
import type { Lease, Policy } from "../../domain/policy.ts"
import type { Slice } from "./leaseSlice.ts"

/** When the store has last judged a subject's switches. Epoch milliseconds by the store's clock. */
export interface Judged {
  atMs: number
  /** Somebody is asking already. */
  isAsking: boolean
}

/** The lines of a plan that may be decided here, each with its slice, and those that only the store decides. */
export interface LeasedPlan {
  readonly slices: readonly Slice[]
  readonly rest: readonly Line[]
  readonly judged: Judged
  /** How long the store's word on the switches is taken. */
  readonly freshMs: number
}

/** The leased budgets of a policy by id; null where there is none. */
export const leasesOf = ({ budgets }: Policy): ReadonlyMap<string, Lease> | null => {
  const leases = new Map<string, Lease>()
  for (const { id, lease } of budgets) if (lease !== undefined) leases.set(id, lease)
  return leases.size === 0 ? null : leases
}

/** Splits a plan; null where none of its lines is leased. */
export const split = (
  plan: Plan,
  leases: ReadonlyMap<string, Lease>,
  sliceOf: (line: Line, lease: Lease) => Slice,
  judgedOf: (key: string) => Judged,
): LeasedPlan | null => {
  const slices: Slice[] = []
  const rest: Line[] = []
  let freshMs = Number.POSITIVE_INFINITY
  for (const line of plan.lines) {
    const lease = leases.get(line.terms.budget)
    if (lease === undefined) {
      rest.push(line)
      continue
    }
    slices.push(sliceOf(line, lease))
    freshMs = Math.min(freshMs, lease.forMs / 4)
  }
  if (slices.length === 0) return null
  return { slices, rest, freshMs, judged: judgedOf(JSON.stringify(plan.switches)) }
}
