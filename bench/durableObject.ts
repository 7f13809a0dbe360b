import { join } from "node:path"
import { startWorker } from "../packages/store-durable-object/test/workerd.ts"
import { type Contender, measure, type Ratio } from "./rounds.ts"

/**
 * A Reserve and its Settle in a Durable Object over two rows added in a bare one, 16 callers each, in the real
 * runtime on this machine. It informs: the goal is what one would not like to see passed.
 */
export const durableObjectRatios = async (): Promise<readonly Ratio[]> => {
  const worker = await startWorker(join(import.meta.dirname, "workerd/decisions.ts"), {
    durableObjects: {
      LEDGER: { className: "TestLedger", useSQLite: true },
      BARE: { className: "Bare", useSQLite: true },
    },
  } as object)
  const contender = (side: string): Contender => ({
    run: async (n) => {
      const answer = await worker.dispatchFetch(`http://bench/${side}?n=${n}`)
      const text = await answer.text()
      if (text !== "done") throw new Error(text)
    },
  })
  try {
    return [
      await measure({
        name: "durable-object-vs-bare-object",
        goal: 2,
        better: "lower",
        as: "cost",
        ours: contender("ours"),
        theirs: contender("bare"),
        n: 100,
      }),
    ]
  } finally {
    await worker.dispose()
  }
}
