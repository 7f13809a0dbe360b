import { StoreUnavailable } from "@spendfuse/core/ports"
import { describe, expect, it } from "vitest"
import type { Query } from "../src/client.ts"
import { Outbox } from "../src/outbox.ts"

type Asked = { readonly text: string; readonly values: readonly unknown[] }

/** An outbox over answers by hand; the first `failures` calls get none. */
const over = (failures: number): { readonly outbox: Outbox; readonly asked: Asked[] } => {
  const asked: Asked[] = []
  const query: Query = async (text, values = []) => {
    asked.push({ text, values })
    if (asked.length <= failures) throw new StoreUnavailable("postgres", new Error("down"))
    return text.includes("spendfuse_heard") ? [{ place: "7-3" }] : []
  }
  return { outbox: new Outbox({ query, schema: "s", nowMs: undefined }), asked }
}

describe("a reader of the log", () => {
  it("is told that the store is away, and finds its start once that is back", async () => {
    const { outbox, asked } = over(1)
    await expect(outbox.events({ limit: 1 })).rejects.toBeInstanceOf(StoreUnavailable)
    expect(await outbox.events({ limit: 1 })).toEqual({ items: [], next: null })
    expect(asked.at(-1)?.values).toEqual(["7", "3", "1", false])
  })

  it("with a cursor hears of it too, and no promise is left behind", async () => {
    const { outbox } = over(2)
    const left: unknown[] = []
    const note = (error: unknown): void => void left.push(error)
    process.on("unhandledRejection", note)
    await expect(outbox.events({ after: "9-1", limit: 1 })).rejects.toBeInstanceOf(StoreUnavailable)
    await new Promise((resolve) => setTimeout(resolve, 20))
    process.off("unhandledRejection", note)
    expect(left).toEqual([])
  })

  it("is refused a cursor that is none, before anything is asked", async () => {
    const { outbox, asked } = over(0)
    await expect(outbox.events({ after: "x", limit: 1 })).rejects.toBeInstanceOf(RangeError)
    expect(asked).toEqual([])
  })
})

it("gives the database whole milliseconds, whatever the notifier asked for", async () => {
  const { outbox, asked } = over(0)
  await outbox.ended(["a"], "retry", 1_000.25)
  await outbox.claim("slack", 1, 0.5)
  expect(asked[0]?.values[2]).toBe("1001")
  expect(asked[1]?.values[2]).toBe("1")
})
