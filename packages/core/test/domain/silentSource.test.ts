import { expect, it } from "vitest"
import { apply } from "../../src/domain/step.ts"
import { type Command, type CommandId, emptyLedger } from "../../src/domain.ts"

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

const by = (source: string, n: number): { id: CommandId; done: number; division: string } => ({
  id: { source, n },
  done: 0,
  division: "*",
})

it.each([
  ["a day", DAY_MS, "unknown-reservation"],
  ["less than a day", DAY_MS - 1, "not-running"],
])("a mark on a number of a source that is silent for %s (I14)", (_, silentMs, error) => {
  const ledger = emptyLedger()
  const reservation = { source: "late", n: 2 }
  const amounts = { usd: 0, tokens: 0, requests: 0 }
  const settle: Command = {
    ...by("other", 2),
    kind: "settle",
    reservation,
    seq: 1,
    actual: amounts,
    final: true,
  }
  apply(ledger, { ...by("other", 1), kind: "release", reservation }, HOUR_MS)
  apply(ledger, { ...by("late", 1), kind: "expire" }, HOUR_MS + silentMs)
  expect(apply(ledger, settle, HOUR_MS + silentMs).outcome).toMatchObject({ error })
})
