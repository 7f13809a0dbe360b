import { StoreUnavailable } from "@spendfuse/core/ports"
import { describe, expect, it } from "vitest"
import type { Query } from "../src/client.ts"
import { Logs } from "../src/logs.ts"
import { Outbox } from "../src/outbox.ts"

type Asked = { readonly text: string; readonly values: readonly unknown[] }

/** An outbox and its logs over answers by hand; the first `failures` calls get none. */
const over = (failures: number) => {
  const asked: Asked[] = []
  const query: Query = async (text, values = []) => {
    asked.push({ text, values })
    if (asked.length <= failures) throw new StoreUnavailable("postgres", new Error("down"))
    return []
  }
  const logs = new Logs({ query, schema: "s" })
  return { outbox: new Outbox({ query, schema: "s", nowMs: undefined }), logs, asked }
}

describe("a reader of the log", () => {
  it("is told that the store is away, and finds its start once that is back", async () => {
    const { logs, asked } = over(1)
    await expect(logs.unheard({ limit: 1 })).rejects.toBeInstanceOf(StoreUnavailable)
    expect(await logs.unheard({ limit: 1 })).toEqual({ items: [], next: null })
    expect(asked.at(-1)?.values).toEqual([null, null, "1"])
  })

  it.each(["events", "unheard", "audit", "deadLetters"] as const)(
    "is refused a cursor of %s that is none, before anything is asked",
    async (log) => {
      const { logs, asked } = over(0)
      await expect(logs[log]({ after: "x", limit: 1 })).rejects.toBeInstanceOf(RangeError)
      expect(asked).toEqual([])
    },
  )
})

it("gives the database whole milliseconds, whatever the notifier asked for", async () => {
  const { outbox, asked } = over(0)
  await outbox.retry(["a"], 1_000.25)
  await outbox.claim("slack", 1, 0.5)
  expect(asked[0]?.values[1]).toBe("1001")
  expect(asked[1]?.values[2]).toBe("1")
})
