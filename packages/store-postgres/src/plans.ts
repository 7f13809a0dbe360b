import { createHash } from "node:crypto"
import type { Line, Reserve, Terms } from "@spendfuse/core/domain"
import { type Plain, toPlain } from "@spendfuse/core/wire"
import { addLongNames } from "./longNames.ts"
import { termsName } from "./terms.ts"

/** The lines and switches of a Reserve, as the server keeps them: once, under what they hash to. */
export interface SentPlan {
  /** A UUID of 128 bits of SHA-256. */
  readonly id: string
  readonly body: { readonly lines: Plain; readonly switches: Plain }
  /** By what the server calls them. */
  readonly terms: ReadonlyMap<string, Terms>
  /** Those of its names that are too long for an index. */
  readonly names: ReadonlySet<string>
}

/** The same plan for the same list; an engine sends the same list again and again. */
export const planOf = ({ lines, switches }: Reserve): SentPlan => {
  const known = plans.get(lines)
  if (known?.switches === switches) return known.plan
  const plan = made(lines, switches)
  plans.set(lines, { switches, plan })
  return plan
}

const plans = new WeakMap<
  readonly Line[],
  { readonly switches: readonly string[]; readonly plan: SentPlan }
>()

const made = (lines: readonly Line[], switches: readonly string[]): SentPlan => {
  const terms = new Map<string, Terms>()
  const named = lines.map((line): Plain => {
    const name = termsName(line.terms)
    terms.set(name, line.terms)
    return { ...(toPlain({ ...line, terms: undefined }) as object), terms: name }
  })
  const body = { lines: named, switches: toPlain(switches) }
  const names = new Set<string>()
  addLongNames(body, names)
  const hash = createHash("sha256").update(JSON.stringify(body)).digest("hex")
  const id = [hash.slice(0, 8), hash.slice(8, 12), hash.slice(12, 16), hash.slice(16, 20)].join("-")
  return { id: `${id}-${hash.slice(20, 32)}`, body, terms, names }
}
