import { STORE_BATCH_MAX } from "@spendfuse/core/ports"
import { describe, expect, it } from "vitest"
import { Groups } from "../src/groups.ts"

interface Opened {
  readonly groups: Groups<string, string>
  /** Batches in the order they were sent. */
  readonly sent: (readonly string[])[]
  /** Ends the oldest batch that is on its way. */
  readonly end: (error?: Error) => Promise<void>
}

const opened = (options: { atOnce?: number; bytesMax?: number } = {}): Opened => {
  const sent: (readonly string[])[] = []
  const ends: ((error?: Error) => void)[] = []
  const send = (items: readonly string[]): Promise<readonly string[]> => {
    sent.push(items)
    return new Promise((resolve, reject) => {
      ends.push((error) =>
        error === undefined ? resolve(items.map((item) => `${item}!`)) : reject(error),
      )
    })
  }
  const { atOnce = 1, bytesMax = 1_000 } = options
  const end = async (error?: Error): Promise<void> => {
    ends.shift()?.(error)
    await turn()
  }
  return { groups: new Groups({ atOnce, bytesMax, send }), sent, end }
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))

describe("group commit", () => {
  it("sends at once what finds nothing on its way, and the rest as one, in order", async () => {
    const { groups, sent, end } = opened()
    const first = groups.add(["a"], 1)
    await turn()
    const others = Promise.all([groups.add(["b", "c"], 2), groups.add(["d"], 1)])
    await turn()
    expect(sent).toEqual([["a"]])
    await end()
    expect(sent).toEqual([["a"], ["b", "c", "d"]])
    await end()
    expect(await first).toEqual(["a!"])
    expect(await others).toEqual([["b!", "c!"], ["d!"]])
  })

  it("never holds more than the port allows, nor more bytes; what came together stays together", async () => {
    const { groups, sent, end } = opened({ bytesMax: 1_000 })
    void groups.add(["a"], 1)
    await turn()
    const many = Array.from({ length: STORE_BATCH_MAX - 1 }, (_, at) => String(at))
    for (const [items, bytes] of [
      [many, 1],
      [["b", "c"], 1],
      [["d"], 999],
      [["e"], 5_000],
    ] as const)
      void groups.add(items, bytes)
    for (let left = 5; left > 0; left -= 1) await end()
    expect(sent.map(({ length }) => length)).toEqual([1, STORE_BATCH_MAX - 1, 3, 1])
  })

  it("has two batches on their way where that was asked for, and no third", async () => {
    const { groups, sent } = opened({ atOnce: 2 })
    for (const item of ["a", "b", "c"]) {
      void groups.add([item], 1)
      await turn()
    }
    expect(sent).toEqual([["a"], ["b"]])
  })

  it("fails all of a batch that failed, and goes on with the next", async () => {
    const { groups, end } = opened()
    const failed = groups.add(["a"], 1)
    failed.catch(() => undefined)
    await turn()
    const next = groups.add(["b"], 1)
    await end(new Error("down"))
    await end()
    await expect(failed).rejects.toThrow("down")
    expect(await next).toEqual(["b!"])
  })
})

describe("a caller that gives up", () => {
  it("withdraws what was not sent", async () => {
    const { groups, sent, end } = opened()
    void groups.add(["a"], 1)
    await turn()
    const gone = new AbortController()
    const withdrawn = groups.add(["b"], 1, gone.signal)
    void groups.add(["c"], 1)
    gone.abort(new Error("enough"))
    await expect(withdrawn).rejects.toThrow("enough")
    await end()
    expect(sent).toEqual([["a"], ["c"]])
  })

  it("no longer waits for what was sent, and its neighbours get their answers", async () => {
    const { groups, sent, end } = opened()
    const gone = new AbortController()
    const left = groups.add(["a"], 1, gone.signal)
    const stays = groups.add(["b"], 1)
    await turn()
    gone.abort(new Error("enough"))
    await expect(left).rejects.toThrow("enough")
    await end()
    expect(sent).toEqual([["a", "b"]])
    expect(await stays).toEqual(["b!"])
  })
})
