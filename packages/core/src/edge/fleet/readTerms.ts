import { under } from "../problem.ts"
import type { CounterTerms, Expectations, People } from "./fleet.ts"
import type { FleetJson } from "./fleetJson.ts"
import type { FleetReader } from "./fleetReader.ts"

/** Reads what people do who are paged. */
export const peopleOf = (
  reader: FleetReader,
  { answerIn, acknowledge, stop = [] }: NonNullable<FleetJson["people"]>,
  names: readonly string[],
): People => {
  for (const [at, name] of stop.entries())
    reader.nameOf(under("people.stop", at), name, names, "actor")
  return {
    answerInMs: reader.duration("people.answerIn", answerIn),
    acknowledge: acknowledge ?? false,
    stop,
  }
}

/** Reads the habits of the counter. */
export const counterOf = (
  reader: FleetReader,
  json: NonNullable<FleetJson["counter"]>,
): CounterTerms => ({
  delayMs: json.delay === undefined ? 0 : reader.duration("counter.delay", json.delay),
  perHost: json.perHost ?? false,
  addsPerHost: json.addsPerHost ?? false,
  resetsLateMs:
    json.resetsLate === undefined ? 0 : reader.duration("counter.resetsLate", json.resetsLate),
  renews: json.renews ?? false,
  resumesMs: json.resumes === undefined ? null : reader.duration("counter.resumes", json.resumes),
  leaksHolds: json.leaksHolds ?? false,
  storeDown: json.storeDown ?? "allow",
})

/** Reads what must be so under the fuse. */
export const expectOf = (
  reader: FleetReader,
  { spentAtMost, pagesAtLeast, refusedAtMost = {} }: NonNullable<FleetJson["expect"]>,
  names: readonly string[],
): Expectations => {
  const path = "expect.refusedAtMost"
  return {
    spentAtMost:
      spentAtMost === undefined ? null : reader.amount("expect.spentAtMost", spentAtMost, "usd"),
    pagesAtLeast:
      pagesAtLeast === undefined
        ? null
        : reader.integer("expect.pagesAtLeast", pagesAtLeast, 1, 1_000_000),
    refusedAtMost: new Map(
      Object.entries(refusedAtMost).map(([name, share]) => [
        reader.nameOf(under(path, name), name, names, "actor"),
        reader.millionths(under(path, name), share),
      ]),
    ),
  }
}
