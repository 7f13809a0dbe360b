import { type Rate, STANDARD } from "../domain/price.ts"
import { USAGE_COMPONENTS, type UsageComponent } from "../domain/usage.ts"
import { type Problem, shown, under } from "../edge/problem.ts"
import { withCaches } from "./components.ts"
import { decimalNano } from "./decimal.ts"
import type { Found } from "./found.ts"
import { tierName } from "./serviceTiers.ts"

/** An override that was read. */
export interface Ready {
  readonly model: string
  readonly provider: string | undefined
  /** By its one name. */
  readonly tier: string
  /** In force from and until, epoch milliseconds; infinite where it has none. */
  readonly fromMs: number
  readonly untilMs: number
  readonly found: Found
}

type Json = Readonly<Record<string, unknown>>

/** Reads one override; each problem is added with its path and the mend, and what is returned then is not to be used. */
export const readOverride = (override: unknown, at: number, problems: Problem[]): Ready => {
  const path = under("overrides", at)
  const json = recordOf(override)
  if (json === null) problems.push({ path, message: "is not an object with `model` and `rates`" })
  const read = new Fields(json ?? {}, path, problems)
  if (json !== null) read.refuseOthers(FIELDS)
  const model = read.text("model")
  if (json !== null && (model === undefined || model === ""))
    read.problem("model", `${shown(model)} is not a model's name; write e.g. "gpt-5*"`)
  const source = read.text("source")
  const from = read.text("from")
  const most = json?.maxOutputTokens
  if (most !== undefined && !(Number.isSafeInteger(most) && (most as number) > 0))
    read.problem("maxOutputTokens", `${shown(most)} is not an integer above 0`)
  const components = json === null ? {} : ratesOf(json.rates, read.under("rates"), problems)
  return {
    model: model ?? "",
    provider: read.text("provider"),
    tier: tierName(read.text("serviceTier")),
    fromMs: read.instant("from") ?? Number.NEGATIVE_INFINITY,
    untilMs: read.instant("until") ?? Number.POSITIVE_INFINITY,
    found: {
      kind: "found",
      rates: { components: withCaches(components), factor: STANDARD },
      source: { kind: "override", name: source ?? model ?? "", asOf: from ?? null },
      contextTokens: typeof most === "number" ? most : null,
    },
  }
}

const FIELDS = "model provider serviceTier from until source rates maxOutputTokens".split(" ")

const ratesOf = (
  rates: unknown,
  path: string,
  problems: Problem[],
): Partial<Record<UsageComponent, Rate>> => {
  const components: Partial<Record<UsageComponent, Rate>> = {}
  const given = recordOf(rates)
  if (given === null || Object.keys(given).length === 0)
    problems.push({ path, message: 'gives no rates; write e.g. { "inputTokens": "2.50" }' })
  for (const [name, value] of Object.entries(given ?? {})) {
    const component = USAGE_COMPONENTS.find((known) => known === name)
    const at = under(path, name)
    if (component === undefined)
      problems.push({
        path: at,
        message: `is not a component; there are ${USAGE_COMPONENTS.join(", ")}`,
      })
    else components[component] = rateOf(value, at, problems)
  }
  return components
}

const rateOf = (value: unknown, path: string, problems: Problem[]): Rate => {
  const tiered = recordOf(value)
  if (tiered === null) return { base: nanoOf(value, path, problems), tiers: [] }
  const base = nanoOf(tiered.base, under(path, "base"), problems)
  const list: unknown = tiered.tiers ?? []
  if (!Array.isArray(list)) {
    problems.push({ path: under(path, "tiers"), message: "is not a list of { above, rate }" })
    return { base, tiers: [] }
  }
  const tiers: { above: number; rate: number }[] = []
  let before = { above: 0, rate: base }
  for (const [at, tier] of list.entries()) {
    const where = under(under(path, "tiers"), at)
    const given = recordOf(tier) ?? {}
    const above = given.above
    const rate = nanoOf(given.rate, under(where, "rate"), problems)
    if (typeof above !== "number" || !Number.isSafeInteger(above) || above <= before.above) {
      problems.push({
        path: under(where, "above"),
        message: `${shown(above)} is not a count of tokens above ${before.above}`,
      })
      continue
    }
    if (rate < before.rate)
      problems.push({
        path: under(where, "rate"),
        message: "is cheaper than the rate below it; a longer call must not cost less",
      })
    before = { above, rate: Math.max(rate, before.rate) }
    tiers.push(before)
  }
  return { base, tiers }
}

const nanoOf = (value: unknown, path: string, problems: Problem[]): number => {
  const nano = decimalNano(value)
  if (nano === null)
    problems.push({ path, message: `${shown(value)} is not USD per million; write e.g. "2.50"` })
  return nano ?? 0
}

/** Reads an object's fields, and tells what is wrong with them. */
class Fields {
  readonly #json: Json
  readonly #path: string
  readonly #problems: Problem[]

  constructor(json: Json, path: string, problems: Problem[]) {
    this.#json = json
    this.#path = path
    this.#problems = problems
  }

  under(name: string): string {
    return under(this.#path, name)
  }

  problem(name: string, message: string): void {
    this.#problems.push({ path: this.under(name), message })
  }

  refuseOthers(known: readonly string[]): void {
    for (const name of Object.keys(this.#json))
      if (!known.includes(name)) this.problem(name, `is not a field; there are ${known.join(", ")}`)
  }

  text(name: string): string | undefined {
    const value = Object.hasOwn(this.#json, name) ? this.#json[name] : undefined
    if (value === undefined || typeof value === "string") return value
    if (name !== "model" && name !== "from" && name !== "until")
      this.problem(name, `${shown(value)} is not a text`)
    return undefined
  }

  instant(name: string): number | undefined {
    const value = Object.hasOwn(this.#json, name) ? this.#json[name] : undefined
    if (value === undefined) return undefined
    const ms = typeof value === "string" ? Date.parse(value) : Number.NaN
    if (!Number.isNaN(ms)) return ms
    this.problem(name, `${shown(value)} is not an instant; write e.g. "2026-01-01T00:00:00Z"`)
    return undefined
  }
}

const recordOf = (value: unknown): Json | null =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : null
