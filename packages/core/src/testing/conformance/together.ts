import fc from "fast-check"
import type { Command } from "../../domain/command.ts"
import { STORE_BATCH_MAX } from "../../ports/Store.ts"
import type { PlayedStore } from "../world.ts"
import type { Desk } from "./desk.ts"
import type { History } from "./history.ts"
import { planned } from "./lockstep.ts"
import { historyOf } from "./moves.ts"
import type { Batch } from "./plan.ts"
import type { Proof } from "./prove.ts"
import { type Answer, send } from "./trial.ts"

/** How a batch is dealt out to callers who come at once: in parts of these sizes by turns. */
interface Deal {
  readonly sizes: readonly number[]
  /** Each so-manieth part is sent twice at the same time, as after a lost answer. */
  readonly twice: number
}

/** C2. All that lies at one instant is sent at once, in parts, through up to three openings of one store. */
export const together: Proof<readonly [History, Deal]> = {
  id: "C2",
  cases: fc.tuple(
    historyOf({ pace: "crowd", stepsMax: 80 }),
    fc.record({
      sizes: fc.array(fc.constantFrom(1, 1, 2, 3, 8), { minLength: 1, maxLength: 4 }),
      twice: fc.constantFrom(2, 5, 1_000),
    }),
  ),
  walk: async (desk, [history, deal]) => {
    const { batches, accounts } = planned(desk, history)
    const openings = await desk.openings(OPENINGS)
    try {
      for (const batch of batches) await takeAtOnce(desk, { batch, deal, openings, accounts })
    } finally {
      await desk.closeOthers(openings)
    }
  },
}

const OPENINGS = 3

interface AtOnce {
  readonly batch: Batch
  readonly deal: Deal
  readonly openings: readonly PlayedStore[]
  readonly accounts: readonly string[]
}

const takeAtOnce = async (
  desk: Desk,
  { batch, deal, openings, accounts }: AtOnce,
): Promise<void> => {
  desk.expect(batch)
  const parts = partsOf(batch.commands, deal)
  const sent = await Promise.all(
    parts.map((commands, at) => {
      const { store } = openings[at % openings.length] as PlayedStore
      return send(store, { atMs: batch.atMs, commands })
    }),
  )
  await desk.judge(sent.flat() satisfies readonly Answer[], batch.atMs, accounts)
}

const partsOf = (
  commands: readonly Command[],
  { sizes, twice }: Deal,
): readonly (readonly Command[])[] => {
  const parts: (readonly Command[])[] = []
  let from = 0
  for (let at = 0; from < commands.length; at += 1) {
    const size = Math.min(STORE_BATCH_MAX, sizes[at % sizes.length] ?? 1)
    const part = commands.slice(from, from + size)
    parts.push(part)
    if (at % twice === twice - 1) parts.push(part)
    from += size
  }
  return parts
}
