import { keptOf, type Ledger } from "../../../src/domain.ts"
import { fromJson, toJson } from "../../../src/wire/json.ts"

/** As a store or a journal gives it back. */
export const throughJson = <T>(value: T): T => {
  const read = fromJson(toJson(value))
  if (!read.ok) throw new Error(read.reason)
  return read.value as T
}

/** What a ledger holds, in the order of its keys. */
export const textOf = (ledger: Ledger): unknown => {
  const { accounts, reservations, sources, switches, ...rest } = keptOf(ledger)
  const list = (items: Iterable<unknown>): readonly string[] =>
    [...items].map((item) => toJson(item)).sort()
  const inside = [...sources].map(([key, { entries, ...source }]) => [key, source, list(entries)])
  return [list(accounts), list(reservations), list(inside), list(switches), rest]
}
