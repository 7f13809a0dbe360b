import fc from "fast-check"
import { Webhook } from "standardwebhooks"
import { describe, expect, it } from "vitest"
import { webhook } from "../../src/webhook.ts"
import { circuit, signal, tier } from "./events.ts"
import { listen, type Received, type Reply } from "./standIns/listen.ts"
import { checkerOf } from "./standIns/schema.ts"

const secretOf = (letter: string): string => `whsec_${btoa(letter.repeat(32))}`
const OLD = secretOf("o")
const NEW = secretOf("n")

const receive = async (reply: () => Reply = () => ({ status: 204 })) => {
  const received: Received[] = []
  const url = await listen((one) => {
    received.push(one)
    return reply()
  })
  return { url: `${url}/alerts`, received }
}

/** The body as its page describes it. */
const check = checkerOf({
  type: "object",
  required: ["type", "timestamp", "data"],
  additionalProperties: false,
  properties: {
    type: { const: "spendfuse.events" },
    timestamp: { type: "string", pattern: "^\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z$" },
    data: {
      type: "object",
      required: ["version", "account", "count", "events"],
      additionalProperties: false,
      properties: {
        version: { const: 1 },
        account: { type: ["string", "null"] },
        count: { type: "integer", minimum: 1 },
        events: {
          type: "array",
          minItems: 1,
          items: {
            type: "object",
            required: ["version", "id", "kind", "atMs"],
            properties: {
              version: { const: 1 },
              id: { type: "string", minLength: 1 },
              atMs: { type: "integer" },
              settled: { type: "string", pattern: "^\\d+$" },
              limit: { type: "string", pattern: "^(\\d+|Infinity)$" },
            },
          },
        },
      },
    },
  },
})

describe("webhook", () => {
  it("signs so that the reference library verifies it, by the old secret and the new", async () => {
    const far = await receive()
    await webhook({ url: far.url, secrets: [NEW, OLD] }).deliver([tier()], signal)
    const [{ body, headers } = { body: "", headers: {} }] = far.received
    for (const secret of [OLD, NEW])
      expect(new Webhook(secret).verify(body, headers)).toMatchObject({ type: "spendfuse.events" })
    expect(() => new Webhook(secretOf("x")).verify(body, headers)).toThrow("No matching signature")
    expect(() => new Webhook(OLD).verify(body.replace("80%", "81%"), headers)).toThrow(
      "No matching",
    )
  })

  it("verifies whatever an event holds", async () => {
    const far = await receive()
    const notifier = webhook({ url: far.url, secrets: [NEW] })
    const check = fc.asyncProperty(fc.string({ unit: "binary" }), async (text) => {
      await notifier.deliver([tier({ account: `hour/${text}`, message: `${text}\ud800` })], signal)
      const { body, headers } = far.received.at(-1) as Received
      new Webhook(NEW).verify(body, headers)
      expect(JSON.parse(body).data.account).toBe(`hour/${text}`)
    })
    await fc.assert(check, {
      numRuns: Number(process.env.LAW_RUNS ?? 100),
      seed: Number(process.env.LAW_SEED ?? 5),
    })
  })

  it("sends a delivery as one versioned message, amounts as text", async () => {
    const far = await receive()
    const events = [tier({}, 1), circuit("open", 1)]
    await webhook({ url: far.url, secrets: [NEW] }).deliver(events, signal)
    const body = JSON.parse(far.received[0]?.body ?? "")
    expect(check(body)).toBeNull()
    expect(body.data).toMatchObject({ account: "hour/agent-7", count: 2 })
    expect(body.data.events.map(({ id }: { id: string }) => id)).toEqual(events.map(({ id }) => id))
    expect(body.data.events[0].settled).toBe("40000000000")
  })

  it("has one id for the same events, another for others, and the time of the try", async () => {
    const far = await receive()
    let nowMs = 1_800_000_000_000
    const notifier = webhook({ url: far.url, secrets: [NEW], nowMs: () => nowMs })
    for (const events of [[tier()], [tier()], [tier(), circuit("open", 1)]]) {
      await notifier.deliver(events, signal)
      nowMs += 60_000
    }
    const headers = far.received.map((one) => one.headers)
    const ids = headers.map((one) => one["webhook-id"])
    expect(ids[0]).toBe(ids[1])
    expect(ids[0]).not.toBe(ids[2])
    expect(ids[0]).toMatch(/^msg_[0-9a-f]{64}$/)
    expect(headers.map((one) => one["webhook-timestamp"])).toEqual([
      "1800000000",
      "1800000060",
      "1800000120",
    ])
  })

  it("follows no redirect", async () => {
    const elsewhere = await receive()
    const far = await receive(() => ({ status: 307, headers: { location: elsewhere.url } }))
    const delivery = webhook({ url: far.url, secrets: [NEW] }).deliver([tier()], signal)
    await expect(delivery).rejects.toMatchObject({ retryable: false, detail: "status 307" })
    expect(elsewhere.received).toEqual([])
  })

  it.each([
    ["https://alerts.example", [], /^`secrets` is empty/],
    ["https://alerts.example", ["secret"], /^`secrets\[0\]` must be/],
    ["https://alerts.example", [NEW, "whsec_***secret"], /^`secrets\[1\]` must be/],
    ["https://alerts.example", [`whsec_${btoa("secret")}`], /^`secrets\[0\]` must be/],
    ["http://169.254.169.254/secret", [NEW], /^`url` must begin with https/],
    ["file:///secret", [NEW], /^`url` must begin with https/],
  ])("refuses at once what it cannot use: %s %j", (url, secrets, problem) => {
    expect(() => webhook({ url, secrets })).toThrow(problem)
    expect(() => webhook({ url, secrets })).not.toThrow("secret/")
  })
})
