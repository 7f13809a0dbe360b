import fc from "fast-check"
import type { Store } from "../../ports/Store.ts"
import type { Desk } from "./desk.ts"
import { dayOfChange } from "./edges.ts"
import { Differs } from "./failure.ts"
import type { History } from "./history.ts"
import { historyOf } from "./moves.ts"
import { FAMILIES, familyNames, type Names, namesOf } from "./names.ts"
import { AGAIN_MAX_MS, accountAt, type Batch, planOf } from "./plan.ts"
import type { Proof } from "./prove.ts"

/** C1. Some histories are crowds, up to more commands at once than a store takes in one batch. */
export const lockstep: Proof<History> = {
  id: "C1",
  cases: fc.oneof(
    { weight: 10, arbitrary: historyOf() },
    { weight: 2, arbitrary: historyOf({ pace: "crowd", stepsMax: 60 }) },
    { weight: 1, arbitrary: historyOf({ pace: "rush", stepsMin: 250, stepsMax: 300 }) },
  ),
  walk: async (desk, history) => {
    const { batches, accounts } = planned(desk, history)
    for (const batch of batches) await desk.take(batch, accounts)
  },
}

/** C3. After each batch the store may be reopened, and a batch of before be sent again whole. */
export const reopening: Proof<readonly [History, readonly Turn[], boolean]> = {
  id: "C3",
  cases: fc.tuple(
    historyOf({ stepsMax: 30 }),
    fc.array(
      fc.record({
        reopens: fc.constantFrom(true, false, false),
        again: fc.constantFrom(null, null, 1, 1, 2, 5),
      }),
      { minLength: 1, maxLength: 12 },
    ),
    fc.nat(7).map((one) => one === 0),
  ),
  walk: async (desk, [history, turns, asksClosed]) => {
    const { batches, accounts } = planned(desk, history)
    for (const [at, batch] of batches.entries()) {
      await desk.take(batch, accounts)
      const turn = turns[at % turns.length] as Turn
      if (turn.reopens) await desk.restart()
      const before = turn.again === null ? undefined : batches[at + 1 - turn.again]
      if (before !== undefined && batch.atMs - before.atMs <= AGAIN_MAX_MS)
        await desk.take({ ...before, atMs: batch.atMs }, accounts)
    }
    const { store } = desk
    await desk.restart()
    if (asksClosed) await mustBeClosed(store, desk.sent)
    await desk.take({ commands: batches.at(-1)?.commands ?? [], atMs: desk.nowMs }, accounts)
  },
}

interface Turn {
  readonly reopens: boolean
  /** Sends again the batch so many before this one, 1 is itself. */
  readonly again: number | null
}

/** What was closed answers nothing more. Some stores take a while to say so. */
const mustBeClosed = async (store: Store, sent: readonly Batch[]): Promise<void> => {
  const command = sent[0]?.commands[0]
  if (command === undefined) return
  const answered = await store.apply([command]).then(
    () => "an answer",
    (error: unknown) => (error instanceof Error ? error.name : String(error)),
  )
  if (answered !== "StoreUnavailable")
    throw new Differs(command, "what a closed store says", "StoreUnavailable", answered)
}

/** C6. The same texts name accounts, sources, divisions and a switch; each case has a store of its own. */
export const anyText: Proof<readonly [string, History]> = {
  id: "C6",
  part: 0.5,
  alone: true,
  cases: fc.tuple(fc.constantFrom(...Object.keys(FAMILIES)), historyOf()),
  walk: async (desk, [family, history]) => {
    desk.begin()
    const { batches, accounts } = plannedAs(desk, history, familyNames(FAMILIES[family] ?? []))
    for (const batch of batches) await desk.take(batch, accounts)
    await desk.restart()
    await desk.trial.judgeAccounts(desk.store, accounts, desk.nowMs)
  },
}

/** C7. Begins an hour before a day of 23 or 25 hours, or at any hour. */
export const edges: Proof<readonly [History, boolean]> = {
  id: "C7",
  cases: fc.tuple(historyOf({ pace: "edges" }), fc.boolean()),
  walk: async (desk, [history, changes]) => {
    if (changes) desk.nowMs = dayOfChange(desk.nowMs)
    const { batches, accounts } = planned(desk, history)
    for (const batch of batches) await desk.take(batch, accounts)
  },
}

interface Planned {
  readonly batches: readonly Batch[]
  readonly accounts: readonly string[]
}

/** A history's batches under names of its own, from the desk's next hour on. */
export const planned = (desk: Desk, history: History): Planned => {
  const number = desk.begin()
  return plannedAs(desk, history, namesOf(String(number), history.odd))
}

const plannedAs = (desk: Desk, history: History, names: Names): Planned => ({
  batches: planOf(history, {
    names,
    epochMs: desk.nowMs,
    spansDivisions: desk.spansDivisions,
  }),
  accounts: history.pool.map((_, at) => accountAt(history, names, at).account),
})
