import { describe, expect, it } from "vitest"
import { Serving } from "../../../src/engine/dispatch/serving.ts"
import type { OutboxRow } from "../../../src/ports/Store.ts"

const rowOf = (account: string): OutboxRow => ({
  id: `${account}#slack`,
  channel: "slack",
  account,
  event: {
    kind: "expired",
    id: account,
    atMs: 0,
    channels: ["slack"],
    reservation: account,
  },
  dueAtMs: 0,
  attempts: 0,
  createdAtMs: 0,
})

describe("a channel that three accounts hold up", () => {
  it("finds what is written at whatever moment its last look is ending", async () => {
    for (let turns = 0; turns < 12; turns += 1) {
      const due = ["a", "b", "c"]
      const claimed: string[] = []
      let end = (): void => undefined
      const ending = new Promise<void>((resolve) => {
        end = resolve
      })
      const serving = new Serving<null>({
        claim: async () => {
          const account = due.shift()
          if (account === undefined) {
            await ending
            return []
          }
          claimed.push(account)
          return [rowOf(account)]
        },
        tell: () => new Promise(() => undefined),
        conclude: async () => undefined,
        onError: () => undefined,
        stop: new AbortController().signal,
      })
      serving.wake()
      await new Promise((resolve) => setTimeout(resolve, 0))
      expect(serving.running).toHaveLength(4)
      end()
      for (let i = 0; i < turns; i += 1) await Promise.resolve()
      due.push("d")
      serving.wake()
      await new Promise((resolve) => setTimeout(resolve, 0))
      expect(claimed, `after ${turns} turns`).toEqual(["a", "b", "c", "d"])
    }
  })
})
