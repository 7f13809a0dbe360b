import { inspect } from "node:util"
import type { DomainEvent, Notice } from "@spendfuse/core"
import { memoryStore } from "@spendfuse/store-memory"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { consoleNotifier } from "../../src/console.ts"
import { chatAnswer, opened, policyOf } from "./harness.ts"
import { WIRE } from "./script.ts"

const CANARIES = {
  key: "sk-canary-key",
  prompt: "canary in the prompt",
  query: "canary-in-the-query",
  user: "canary-user",
  path: "canary-path",
  cause: "canary-cause",
}

const runs = { numRuns: Number(process.env.LAW_RUNS ?? 150), seed: 20261104 }

describe("keys, prompts and secrets of URLs", () => {
  it("are in no event, notice, error, log or refusal, whatever happens", async () => {
    const cases = fc.record({
      shape: fc.constantFrom("chat", "responses", "messages", "gemini"),
      usd: fc.constantFrom("10", "0.0000001", "0.002"),
      upstream: fc.constantFrom("ok", "unread", "500", "throws", "garbage"),
      body: fc.constantFrom("right", "not json", "no model", "unknown model", "twice"),
      path: fc.constantFrom("right", "other"),
      via: fc.constantFrom("refuse", "fallback"),
    })
    await fc.assert(
      fc.asyncProperty(cases, async (one) => {
        const said: unknown[] = []
        const upstream: typeof fetch = async () => {
          if (one.upstream === "throws") throw new TypeError("fetch failed")
          if (one.upstream === "500") return new Response("{}", { status: 500 })
          return one.upstream === "garbage" ? new Response("}{") : Response.json(chatAnswer)
        }
        const policy = policyOf(one.usd, {
          budgets: [
            {
              id: "key",
              per: ["apiKey"],
              limit: { usd: one.usd },
              window: "day",
              tiers: [
                { at: "1%", notify: ["slack"] },
                { at: "100%", trip: { coolDown: "1h" } },
              ],
            },
          ],
          ...(one.via === "fallback" && {
            fallbacks: { small: { model: "gpt-5-nano", provider: "openai" } },
            onRefused: "small",
          }),
        })
        await using test = opened({
          policy,
          fetch: { fetch: upstream, onError: (error) => said.push(error) },
          spendfuse: {
            notifiers: { slack: consoleNotifier({ write: (line) => said.push(line) }) },
            onEvent: (event: DomainEvent) => said.push(event),
            onNotice: (notice: Notice) => said.push(notice),
          },
        })
        const { url, body } = WIRE[one.shape]
        const target = new URL(url)
        target.searchParams.set("key", CANARIES.query)
        if (one.path === "other") target.pathname = `/${CANARIES.path}/images`
        const text = JSON.stringify({
          ...body,
          user: CANARIES.user,
          ...(one.shape === "gemini"
            ? { contents: [{ parts: [{ text: CANARIES.prompt }] }] }
            : one.shape === "responses"
              ? { input: CANARIES.prompt }
              : { messages: [{ role: "user", content: CANARIES.prompt }] }),
          ...(one.body === "no model" && { model: undefined }),
          ...(one.body === "unknown model" && { model: "nobody-knows" }),
        })
        const sent =
          one.body === "not json"
            ? text.slice(0, -3)
            : one.body === "twice"
              ? text.replace("{", `{"user":"${CANARIES.user}",`)
              : text
        const headers = { authorization: `Bearer ${CANARIES.key}`, "x-api-key": CANARIES.key }
        try {
          const response = await test.guarded(target, { method: "POST", headers, body: sent })
          if (!response.ok) said.push([...response.headers], await response.text())
          else if (one.upstream !== "unread") said.push(await response.text())
          else await response.body?.cancel()
        } catch (error) {
          said.push(error)
        }
        await test.guarded.idle()
        await test.spendfuse.flush()
        const all = inspect(said, { depth: 12, maxStringLength: null, maxArrayLength: null })
        for (const canary of Object.values(CANARIES)) expect(all).not.toContain(canary)
      }),
      runs,
    )
  })

  it("are not in what is logged where the host listens to nothing", async () => {
    const lines: unknown[] = []
    const { warn } = console
    console.warn = (...line: unknown[]) => lines.push(line)
    try {
      const { applyNow: _, ...rest } = memoryStore()
      const store = { ...rest, apply: () => Promise.reject(new RangeError(CANARIES.cause)) }
      await using test = opened({ spendfuse: { store } })
      const response = await test
        .guarded(WIRE.chat.url, { method: "POST", body: JSON.stringify(WIRE.chat.body) })
        .catch(() => null)
      expect(response?.status).toBe(503)
      expect(inspect(lines)).not.toContain(CANARIES.cause)
    } finally {
      console.warn = warn
    }
  })
})
