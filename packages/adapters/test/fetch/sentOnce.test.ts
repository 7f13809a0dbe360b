import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { createSpendfuse, definePolicy } from "@spendfuse/core"
import { libraryPrices } from "@spendfuse/core/prices"
import { memoryStore } from "@spendfuse/store-memory"
import { describe, expect, it } from "vitest"
import { guardedFetch } from "../../src/fetch.ts"

const policy = definePolicy({
  budgets: [
    {
      id: "all",
      per: ["platform"],
      limit: { usd: 10 },
      window: "day",
      tiers: [{ at: "100%", block: true }],
    },
  ],
  maxOutputTokens: 100,
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
})

/** Answers the first request, and cuts the kept connection of every further one when it has read it. */
const cutting = async () => {
  let requests = 0
  const types: (string | undefined)[] = []
  const server = createServer((request, response) => {
    requests += 1
    types.push(request.headers["content-type"])
    const isFirst = requests === 1
    request.resume()
    request.on("end", () => {
      if (isFirst) response.end("{}")
      else setTimeout(() => request.socket.destroy(), 20)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/chat/completions`,
    requests: () => requests,
    types,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

describe("a call whose kept connection breaks", () => {
  it.each(["text", "bytes"])("is sent once, whatever the runtime would do: %s", async (kind) => {
    const upstream = await cutting()
    const spendfuse = createSpendfuse({
      policy,
      store: memoryStore(),
      prices: libraryPrices(),
      onNotice: () => undefined,
    })
    const guarded = guardedFetch(spendfuse, { provider: "openai", onError: () => undefined })
    const text = JSON.stringify({ model: "gpt-5", messages: [{ role: "user", content: "hi" }] })
    const call = () =>
      guarded(upstream.url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: kind === "text" ? text : new TextEncoder().encode(text),
      })
    await (await call()).text()
    await expect(call()).rejects.toThrow()
    await guarded.idle()
    expect(upstream.requests()).toBe(2)
    expect(upstream.types).toEqual(["application/json", "application/json"])
    await spendfuse.close()
    await upstream.stop()
  })
})
