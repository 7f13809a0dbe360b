import { setTimeout as sleep } from "node:timers/promises"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { opened, policyOf } from "./harness.ts"
import { bytesOf, responseOf, type Script, scripts, WIRE } from "./script.ts"

const runs = {
  numRuns: Number(process.env.LAW_RUNS ?? 400),
  seed: Number(process.env.LAW_SEED ?? 20261103),
}
const SILENCE_MS = 40

const upstreamOf =
  (script: Script): typeof fetch =>
  async (input, init) => {
    const { signal } = new Request(input, init)
    signal.throwIfAborted()
    if (script.answer === "refused")
      throw Object.assign(new TypeError("fetch failed"), { cause: { code: "ECONNREFUSED" } })
    if (script.answer === "reset")
      throw Object.assign(new TypeError("fetch failed"), { cause: { code: "ECONNRESET" } })
    if (script.answer === "hangs")
      return new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason), { once: true }),
      )
    return responseOf(script, signal)
  }

/** What the caller does; resolves whatever it meets, and after a while where it would wait for ever. */
const call = async (script: Script, fetcher: typeof fetch): Promise<{ read: string | null }> => {
  const stop = new AbortController()
  const giveUpSoon = () => void setTimeout(() => stop.abort(), SILENCE_MS / 2)
  const { url, body } = WIRE[script.shape]
  const sent = script.shape === "gemini" ? body : { ...body, stream: script.stream }
  const request = { method: "POST", body: JSON.stringify(sent), signal: stop.signal }
  if (script.answer === "hangs") giveUpSoon()
  try {
    const response = await fetcher(url, request)
    if (script.ends === "hangs") giveUpSoon()
    return { read: await consumed(script, response, stop) }
  } catch {
    return { read: null }
  }
}

const consumed = async (
  { caller, reads }: Script,
  response: Response,
  stop: AbortController,
): Promise<string | null> => {
  if (caller === "text" || caller === "drops") return caller === "text" ? response.text() : null
  if (caller === "json") return JSON.stringify(await response.json())
  if (caller === "clones") {
    const [one, other] = await Promise.all([response.clone().text(), response.text()])
    expect(one).toBe(other)
    return one
  }
  const reader = response.body?.getReader()
  for (let at = 0; caller === "reads" || at < reads; at += 1) {
    const part = await reader?.read()
    if (part === undefined || part.done) return ""
  }
  if (caller === "cancels") await reader?.cancel()
  if (caller === "aborts") stop.abort()
  return null
}

const isFree = ({ answer }: Script): boolean =>
  answer === "refused" || answer === 302 || answer === 400 || answer === 429 || answer === 503

/** The caller neither reads to the end nor says that it will not. */
const isLeft = ({ caller }: Script): boolean => caller === "drops" || caller === "walks off"

/** The caller has read all of a body that told its usage. */
const isKnown = (script: Script, read: string | null): boolean =>
  read !== null &&
  script.answer === 200 &&
  script.ends === "ends" &&
  !(script.body === "garbage" && !script.stream) &&
  (script.body === "whole" || script.body === "garbage" || script.body === "no end")

describe("whatever the upstream and the caller do", () => {
  it("ends each reservation exactly once, and holds nothing in the end", async () => {
    await fc.assert(
      fc.asyncProperty(scripts, async (script) => {
        const fetcher = upstreamOf(script)
        await using test = opened({
          policy: policyOf("10"),
          fetch: { fetch: fetcher, silenceMs: isLeft(script) ? SILENCE_MS : 60_000 },
        })
        const { read } = await call(script, test.guarded)
        if (isLeft(script) && (await test.spent()).held > 0) await sleep(SILENCE_MS * 1.6)
        const { settled, held } = await test.spent()
        expect(held).toBe(0)
        expect([...test.counts().ends.values()]).toEqual([1])
        const { nano } = WIRE[script.shape]
        if (isFree(script)) expect(settled).toBe(0)
        else if (isKnown(script, read)) expect(settled).toBe(nano)
        else expect(settled).toBeGreaterThanOrEqual(nano)
      }),
      runs,
    )
  })

  it("hands the caller what it would have got without", async () => {
    const reading = scripts.map(
      (script): Script => ({
        ...script,
        caller: "text",
        ends: script.ends === "hangs" ? "ends" : script.ends,
        answer: script.answer === "hangs" ? 200 : script.answer,
      }),
    )
    await fc.assert(
      fc.asyncProperty(reading, async (script) => {
        await using test = opened({ fetch: { fetch: upstreamOf(script) } })
        const plain = await call(script, upstreamOf(script))
        const guarded = await call(script, test.guarded)
        if (script.shape !== "chat" || !script.stream) expect(guarded).toEqual(plain)
        else if (script.answer === 200 && script.body === "whole" && script.ends === "ends")
          expect(guarded.read).not.toContain('"usage"')
      }),
      runs,
    )
  })

  it("is a script that does what it says", () => {
    const script = fc.sample(scripts, { numRuns: 1, seed: 7 })[0] as Script
    const whole = new TextDecoder().decode(
      bytesOf({ ...script, shape: "chat", stream: true, body: "whole" }),
    )
    expect(whole).toContain('"usage":{"prompt_tokens":20')
    expect(whole).toContain("[DONE]")
  })
})
