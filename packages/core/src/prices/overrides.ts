import { type Rate, STANDARD } from "../domain/price.ts"
import { USAGE_COMPONENTS, type UsageComponent } from "../domain/usage.ts"
import { PolicyInvalid, type Problem, shown, under } from "../edge/problem.ts"
import type { PricedModel, PriceSource } from "../ports/Prices.ts"
import { decimalNano } from "./decimal.ts"
import type { Found } from "./found.ts"

/** Rates of one's own: USD per million tokens (or pieces), as decimal strings or numbers. */
export interface PriceOverride {
  /** The model's name; `*` stands for any characters. */
  readonly model: string
  readonly provider?: string
  readonly serviceTier?: string
  /** In force from this instant on (ISO); always unless given. */
  readonly from?: string
  /** Where it comes from, for reports: "contract 2026". */
  readonly source?: string
  readonly rates: Readonly<Partial<Record<UsageComponent, string | number>>>
  readonly maxOutputTokens?: number
}

interface Ready {
  readonly override: PriceOverride
  readonly fromMs: number
  readonly found: Found
}

/** @throws PolicyInvalid with every problem, its path and the mend */
export const readOverrides = (overrides: readonly PriceOverride[]) => {
  const problems: Problem[] = []
  const ready = overrides.map((override, at) => readOne(override, under("overrides", at), problems))
  if (problems.length > 0) throw new PolicyInvalid(problems)
  return {
    sources: ready.map(({ found }) => found.source),
    find: (model: PricedModel): Found | undefined =>
      ready.findLast((one) => isFor(one, model))?.found,
  }
}

const readOne = (override: PriceOverride, path: string, problems: Problem[]): Ready => {
  const components: Partial<Record<UsageComponent, Rate>> = {}
  for (const [name, value] of Object.entries(override.rates)) {
    const component = USAGE_COMPONENTS.find((known) => known === name)
    const at = under(under(path, "rates"), name)
    const base = decimalNano(value ?? "")
    if (component === undefined)
      problems.push({
        path: at,
        message: `is not a component; there are ${USAGE_COMPONENTS.join(", ")}`,
      })
    else if (base === null)
      problems.push({
        path: at,
        message: `${shown(value)} is not USD per million; write e.g. "2.50"`,
      })
    else components[component] = { base, tiers: [] }
  }
  const fromMs = override.from === undefined ? Number.NEGATIVE_INFINITY : Date.parse(override.from)
  if (Number.isNaN(fromMs))
    problems.push({
      path: under(path, "from"),
      message: `${shown(override.from)} is not an instant; write e.g. "2026-01-01T00:00:00Z"`,
    })
  const source: PriceSource = {
    kind: "override",
    name: override.source ?? override.model,
    asOf: override.from ?? null,
  }
  return {
    override,
    fromMs,
    found: {
      kind: "found",
      rates: { components, factor: STANDARD },
      source,
      contextTokens: override.maxOutputTokens ?? null,
    },
  }
}

const isFor = ({ override, fromMs }: Ready, model: PricedModel): boolean =>
  model.atMs >= fromMs &&
  (override.provider === undefined || override.provider === model.provider) &&
  (override.serviceTier ?? "standard") === (model.serviceTier ?? "standard") &&
  matchesName(override.model, model.model)

const matchesName = (pattern: string, name: string): boolean => {
  const [first = "", ...rest] = pattern.split("*")
  if (rest.length === 0) return pattern === name
  const last = rest.pop() ?? ""
  if (!name.startsWith(first)) return false
  let at = first.length
  for (const part of rest) {
    const found = name.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return name.length - at >= last.length && name.endsWith(last)
}
