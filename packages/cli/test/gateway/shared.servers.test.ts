import { expect, inject, test } from "vitest"
import { freshName, startRedis } from "../../../../scripts/servers/index.mjs"
import { heldUpstream } from "./heldUpstream.ts"
import { ALICE, chat, type Running, running } from "./running.ts"

test("two gateways on one Redis never pass the cap together", async () => {
  await using upstream = await heldUpstream()
  const options = {
    upstream,
    // Ten calls of 0.000075 fit, and no more.
    usd: 0.00075,
    env: { STORE_URL: inject("redisUrl") },
    config: { store: { kind: "url", urlEnv: "STORE_URL", prefix: freshName("gateway") } },
  }
  await using one = await running(options)
  await using other = await running(options)
  const call = async ({ url }: Running): Promise<number> => {
    const init = chat(ALICE, "hello", { max_completion_tokens: 16 })
    const response = await fetch(`${url}/v1/chat/completions`, init)
    await response.arrayBuffer()
    return response.status
  }
  const status: number[] = []
  // A store that is slow is not waited for: such a call is refused, and another round comes.
  const round = async (): Promise<readonly number[]> => {
    const answers = await Promise.all([one, other, one, other].map(call))
    status.push(...answers)
    return answers
  }
  await expect.poll(round).toEqual([402, 402, 402, 402])
  const admitted = status.filter((code) => code === 200).length
  expect(upstream.seen).toHaveLength(admitted)
  expect(admitted * 75_000).toBeLessThanOrEqual(750_000)
  expect(admitted).toBeGreaterThan(2)
  const spent = () =>
    [one, other].flatMap(({ lines }) => lines()).filter(({ usd }) => usd === "0.000075")
  await expect.poll(() => spent().length).toBe(admitted)
})

test("readiness says when the store does not answer; health goes on", async () => {
  const redis = await startRedis()
  await using one = await running({
    env: { STORE_URL: redis.url },
    config: { store: { kind: "url", urlEnv: "STORE_URL" } },
  })
  const ready = async (): Promise<unknown> => {
    const response = await fetch(`${one.url}/readyz`)
    return [response.status, await response.json()]
  }
  await expect.poll(ready).toEqual([200, { ready: true }])
  await redis.stop()
  await expect.poll(ready).toEqual([503, { ready: false, why: "store" }])
  expect((await fetch(`${one.url}/healthz`)).status).toBe(200)
  const refused = await fetch(`${one.url}/v1/chat/completions`, chat(ALICE, "hello"))
  expect(refused.status).toBe(503)
})
