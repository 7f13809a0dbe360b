import { setTimeout as sleep } from "node:timers/promises"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { describe, expect, it } from "vitest"
import { CHAT_URL, chat, opened, policyOf, upstreamOf } from "./harness.ts"

/** An answer that used all of what a call of `chat()` may: 100 output tokens at 10,000 nano-USD, and its input. */
const answerOf = (prompt_tokens: number, completion_tokens: number): Response =>
  Response.json({ model: "gpt-5", choices: [], usage: { prompt_tokens, completion_tokens } })

/** The input bound of a call of `chat()`: its bytes and 64 tokens of overhead. */
const INPUT_TOKENS = String(chat().body).length + 64
const WORST_NANO = INPUT_TOKENS * 1_250 + 100 * 10_000
const whole = { minOutputTokens: 100 }
const usdOf = (nano: number): string => (nano / 1e9).toFixed(9)

describe("a thousand callers at once", () => {
  it.each([1, 7, 100])(
    "for the last %d calls: exactly these get in, and no nano is passed",
    async (fitting) => {
      const upstream = upstreamOf(() => answerOf(INPUT_TOKENS, 100))
      const limit = fitting * WORST_NANO + WORST_NANO - 1
      await using test = opened({
        policy: policyOf(usdOf(limit), whole),
        fetch: { fetch: upstream },
      })
      const statuses = await Promise.all(
        Array.from({ length: 1_000 }, async () => {
          const response = await test.guarded(CHAT_URL, chat())
          await response.text()
          return response.status
        }),
      )
      expect(statuses.filter((status) => status === 200)).toHaveLength(fitting)
      expect(upstream.seen).toHaveLength(fitting)
      expect(await test.spent()).toEqual({ settled: fitting * WORST_NANO, held: 0 })
    },
  )

  it("for one budget whose calls use less than they may: what is given back lets others in", async () => {
    const upstream = upstreamOf(async () => {
      await sleep(1)
      return answerOf(INPUT_TOKENS, 50)
    })
    const actual = INPUT_TOKENS * 1_250 + 50 * 10_000
    const limit = 40 * actual
    await using test = opened({
      policy: policyOf(usdOf(limit), whole),
      fetch: { fetch: upstream, waitMs: 120_000 },
    })
    await Promise.all(
      Array.from({ length: 1_000 }, async () => (await test.guarded(CHAT_URL, chat())).text()),
    )
    const { settled, held } = await test.spent()
    expect(held).toBe(0)
    expect(settled).toBeLessThanOrEqual(limit)
    // The last call needs room for its worst case: so much can be left over, and no more.
    expect(limit - settled).toBeLessThan(WORST_NANO)
  })
})

describe("the burst: 200 calls of $0.10 against $10, each of $0.50 at worst", () => {
  it("spends at most all and at least 0.98, and refuses at most 2 that would fit", async () => {
    let answered = 0
    const upstream = upstreamOf(async () => {
      await sleep(50)
      answered += 1
      return answerOf(80, 9_990)
    })
    const policy = policyOf("10", { minOutputTokens: 9_990 })
    await using test = opened({ policy, fetch: { fetch: upstream, waitMs: 120_000 } })
    const init = chat({ max_completion_tokens: 49_000 })
    await Promise.all(
      Array.from({ length: 200 }, async () => (await test.guarded(CHAT_URL, init)).text()),
    )
    const { settled, held } = await test.spent()
    expect(held).toBe(0)
    expect(settled).toBe(answered * 100_000_000)
    expect(settled / 10e9).toBeLessThanOrEqual(1)
    expect(settled / 10e9).toBeGreaterThanOrEqual(0.98)
    expect(100 - answered).toBeLessThanOrEqual(2)
  })
})

describe("many calls", () => {
  it("leave nothing behind: the heap is flat over 20,000", async () => {
    setFlagsFromString("--expose-gc")
    const collect = runInNewContext("gc") as () => void
    const upstream: typeof fetch = async () => answerOf(20, 5)
    await using test = opened({ usd: "100000", fetch: { fetch: upstream } })
    const rounds = async (n: number): Promise<number> => {
      for (let at = 0; at < n; at += 1) {
        const response = await test.guarded(CHAT_URL, chat())
        if (at % 10 === 9) await response.body?.cancel()
        else await response.text()
      }
      await test.guarded.idle()
      for (let at = 0; at < 3; at += 1) {
        collect()
        await sleep(20)
      }
      return process.memoryUsage().heapUsed
    }
    // The harness counts each reservation: that is 200 bytes a call or so, and all that may grow.
    const before = await rounds(4_000)
    const after = await rounds(16_000)
    expect((after - before) / 16_000).toBeLessThan(600)
    expect((await test.spent()).held).toBe(0)
  })
})
