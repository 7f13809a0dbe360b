import { type Rate, type Rates, STANDARD } from "../../domain/price.ts"
import { under } from "../problem.ts"
import type { DatedRates, FleetModel } from "./fleet.ts"
import type { ModelJson, RatesJson } from "./fleetJson.ts"
import type { FleetReader } from "./fleetReader.ts"

/** Reads what a model costs, by whose word. */
export const readModel = (reader: FleetReader, name: string, json: ModelJson): FleetModel => {
  const path = under("models", name)
  const always = (fromMs: number, rates: RatesJson, at: string): DatedRates => ({
    fromMs,
    rates: ratesOf(reader, rates, at),
  })
  const billed = [
    always(Number.NEGATIVE_INFINITY, json, path),
    ...(json.later ?? []).map(({ at, ...rates }, place) => {
      const where = under(under(path, "later"), place)
      return always(reader.at(under(where, "at"), at), rates, where)
    }),
  ].sort((one, other) => one.fromMs - other.fromMs)
  const since = Number.NEGATIVE_INFINITY
  const listed =
    json.listed === undefined
      ? billed
      : json.listed === "unknown"
        ? []
        : [always(since, json.listed, under(path, "listed"))]
  const counted =
    json.counted === undefined
      ? listed
      : json.counted === "free"
        ? []
        : [always(since, json.counted, under(path, "counted"))]
  return {
    name,
    provider: json.provider ?? null,
    maxOutput:
      json.maxOutput === undefined
        ? null
        : reader.integer(under(path, "maxOutput"), json.maxOutput, 1, TOKENS_MAX),
    billed,
    listed,
    counted,
  }
}

const TOKENS_MAX = 100_000_000

const ratesOf = (reader: FleetReader, json: RatesJson, path: string): Rates => {
  const { above } = json
  const over = under(path, "above")
  const tokens =
    above === undefined ? 0 : reader.integer(under(over, "tokens"), above.tokens, 1, TOKENS_MAX)
  const rate = (name: "input" | "output"): Rate => ({
    base: reader.rate(under(path, name), json[name]),
    tiers:
      above === undefined
        ? []
        : [{ above: tokens, rate: reader.rate(under(over, name), above[name]) }],
  })
  return {
    components: { inputTokens: rate("input"), outputTokens: rate("output") },
    factor: STANDARD,
  }
}
