import fc from "fast-check"
import { type KeptLedger, keptOf, type Ledger } from "../../src/domain.ts"
import { fromJson, toJson } from "../../src/wire/json.ts"
import {
  anyAcknowledge,
  anyAdjust,
  anyCharge,
  anyExpire,
  anyExtend,
  anyRelease,
  anyReserve,
  anySettle,
  anySwitch,
  anyTrip,
  BLOCK,
  LATCH,
  PAGES,
  PROBED,
  TRIP,
} from "./histories.ts"
import type { Core } from "./prove.ts"

/** What callers do, most of it reserves. */
export const calls = [anyReserve, anyReserve, anySettle, anyRelease, anyExtend, anyExpire]
/** And what operators do besides. */
export const everything = [...calls, anyCharge, anyAdjust, anyAcknowledge, anyTrip, anySwitch]
export const anyTerms = fc.constantFrom(BLOCK, LATCH, TRIP, PROBED, PAGES)

/** The plain parts of a ledger as text, order of keys and idle meters left out. */
export const plain = (ledger: Ledger): string =>
  JSON.stringify(
    Object.values(keptOf(ledger)).map((part: ReadonlyMap<string, unknown> | readonly unknown[]) =>
      [...part].map((item) => toJson(item)).sort(),
    ),
  )

export const restored = (core: Core, ledger: Ledger): Ledger => {
  const read = fromJson(toJson(core.keptOf(ledger)))
  if (!read.ok) throw new Error(read.reason)
  return core.ledgerOf(read.value as KeptLedger)
}
