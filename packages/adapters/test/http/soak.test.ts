import { createSpendfuse } from "@spendfuse/core"
import type { Store } from "@spendfuse/core/ports"
import { libraryPrices } from "@spendfuse/core/prices"
import { memoryStore } from "@spendfuse/store-memory"
import { expect, it } from "vitest"
import { guardedFetch } from "../../src/fetch.ts"
import { chat, policyOf } from "../fetch/harness.ts"
import { startHostile } from "./hostileUpstream.ts"
import { kept } from "./kept.ts"

/** A night asks for 100,000. */
const CALLS = Number(process.env.SOAK_CALLS ?? 3_000)
const AT_ONCE = 16
/** How a call is answered, and whether its caller stays until the end. */
const MIX = [
  ["plain", "reads"],
  ["gzip", "reads"],
  ["gzip stream", "reads"],
  ["trailers", "reads"],
  ["cut event", "reads"],
  ["broken gzip", "reads"],
  ["hang", "cancels"],
  ["hang", "aborts"],
] as const

/** Keeps of each reservation only whether it is open; counts what ends one that is not. */
const bookkeeping = () => {
  const { applyNow: _, ...store } = memoryStore()
  const open = new Set<string>()
  const told = { reserved: 0, ended: 0, again: 0 }
  const keyOf = ({ source, n }: { source: string; n: number }): string => `${source}/${n}`
  const watched: Store = {
    ...store,
    apply: async (commands, signal) => {
      const answers = await store.apply(commands, signal)
      for (const [at, command] of commands.entries()) {
        if (command.kind === "reserve" && answers[at]?.outcome.kind === "reserved") {
          open.add(keyOf(command.id))
          told.reserved += 1
        } else if (command.kind === "release" || (command.kind === "settle" && command.final)) {
          if (open.delete(keyOf(command.reservation))) told.ended += 1
          else told.again += 1
        }
      }
      return answers
    },
  }
  return { store: watched, open, told }
}

/** What finalizers free comes a turn later: the least of a few looks is what is kept. */
const least = async (): Promise<number> => {
  const looks: number[] = []
  for (let look = 0; look < 4; look += 1) {
    await new Promise((resolve) => setTimeout(resolve, 200))
    looks.push(kept())
  }
  return Math.min(...looks)
}

const call = async (fetcher: typeof fetch, url: string, at: number): Promise<void> => {
  const [answer, caller] = MIX[at % MIX.length] ?? MIX[0]
  const gone = new AbortController()
  try {
    const response = await fetcher(`${url}/v1/chat/completions`, {
      ...chat({ stream: answer !== "plain" && answer !== "gzip" }),
      headers: { "content-type": "application/json", "x-answer": answer },
      signal: gone.signal,
    })
    if (caller === "reads") await response.text()
    else if (caller === "cancels") await response.body?.cancel()
    else gone.abort()
  } catch {
    // What a broken answer throws is compared elsewhere.
  }
}

it(
  `keeps nothing of ${CALLS} calls: heap, connections and books as before`,
  async () => {
    const upstream = await startHostile()
    const { store, open, told } = bookkeeping()
    const spendfuse = createSpendfuse({
      policy: policyOf("1000000"),
      store,
      prices: libraryPrices(),
      onNotice: () => undefined,
    })
    const guarded = guardedFetch(spendfuse, { subject: { apiKey: "k1" } })
    let next = 0
    const run = async (until: number): Promise<number> => {
      const caller = async (): Promise<void> => {
        while (next < until) await call(guarded, upstream.url, next++)
      }
      await Promise.all(Array.from({ length: AT_ONCE }, caller))
      await guarded.idle()
      return least()
    }
    const warm = await run(Math.min(CALLS / 2, 2_000))
    const startedMs = performance.now()
    const since = next
    const after = await run(CALLS)
    const perSecond = Math.round(((CALLS - since) / (performance.now() - startedMs)) * 1_000)
    const grown = (after - warm) / 1_048_576
    // Beside one for each caller, those that aborted calls have just left: they close a little later.
    await expect.poll(upstream.open).toBeLessThanOrEqual(2 * AT_ONCE)
    const connections = await upstream.open()
    console.log(
      `soak: ${CALLS} calls, ${perSecond} a second, heap ${(after / 1_048_576).toFixed(1)} MB, ${grown.toFixed(2)} MB more than after ${since}; ${connections} connections open; ${told.reserved} reserved, ${told.ended} ended once, ${told.again} ended again`,
    )
    expect(told).toEqual({ reserved: CALLS, ended: CALLS, again: 0 })
    expect(open.size).toBe(0)
    expect(grown).toBeLessThan(4)
    await spendfuse.close()
    await upstream.stop()
  },
  60_000 + CALLS * 5,
)
