import { inspect } from "node:util"
import { type Notifier, NotifyFailed } from "@spendfuse/core"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { defineNotifier } from "../../src/notifier.ts"
import { pagerduty } from "../../src/pagerduty.ts"
import { slack } from "../../src/slack.ts"
import { webhook } from "../../src/webhook.ts"
import { circuit, signal, tier } from "./events.ts"

const CANARY = "c4naryInTheM1neThatNobodyMaySee0"
const DAY_MS = 24 * 3_600_000

type Open = (fetch: typeof globalThis.fetch) => Notifier
const NOTIFIERS: Readonly<Record<string, Open>> = {
  "slack by webhook": (fetch) =>
    slack({ webhookUrl: `https://hooks.slack.com/services/T0/B0/${CANARY}`, fetch }),
  "slack by bot": (fetch) => slack({ token: `xoxb-${CANARY}`, channel: "C0123456789", fetch }),
  pagerduty: (fetch) => pagerduty({ routingKey: CANARY, fetch }),
  webhook: (fetch) =>
    webhook({ url: `https://in.example/${CANARY}`, secrets: [`whsec_${btoa(CANARY)}`], fetch }),
  "one's own": (fetch) =>
    defineNotifier({
      name: "own",
      fetch,
      deliver: async (_, post) => {
        await post({ url: `https://in.example/${CANARY}`, body: CANARY })
        throw Object.assign(new Error(`after ${CANARY}`), { url: CANARY, name: CANARY })
      },
    }),
}

/** A far side that does anything, and repeats what it was told wherever it can. */
const farSides = fc.record({
  status: fc.integer({ min: 200, max: 599 }),
  breaks: fc.boolean(),
  retryAfter: fc.oneof(fc.string(), fc.integer().map(String), fc.constant(CANARY)),
  body: fc.oneof(
    fc.string(),
    fc.constantFrom(
      "no_service",
      CANARY,
      `{"ok":false,"error":"${CANARY}"}`,
      '{"ok":false,"error":"invalid_auth"}',
    ),
    fc.jsonValue().map((value) => JSON.stringify({ ok: false, error: value, echo: CANARY })),
  ),
})

const fetchOf =
  ({
    status,
    breaks,
    retryAfter,
    body,
  }: typeof farSides extends fc.Arbitrary<infer T> ? T : never): typeof globalThis.fetch =>
  async (input, init) => {
    const told = `${String(input)} ${JSON.stringify(init?.headers)} ${String(init?.body)}`
    if (breaks) throw new TypeError(`error sending request for url (${told})`, { cause: told })
    const isBare = [204, 205, 304].includes(status)
    const headers = { "retry-after": retryAfter.replace(/[^\x20-\x7e]/g, ""), "x-echo": CANARY }
    return new Response(isBare ? null : body, { status, statusText: CANARY, headers })
  }

describe("no failure repeats a secret", () => {
  it.each(Object.entries(NOTIFIERS))("of %s", async (_, open) => {
    const check = fc.asyncProperty(farSides, async (far) => {
      const error = await open(fetchOf(far))
        .deliver([tier({}, 1), circuit("open", 1)], signal)
        .then(
          () => null,
          (thrown: unknown) => thrown,
        )
      if (error === null) return
      expect(error).toBeInstanceOf(NotifyFailed)
      const { message, stack, retryAfterMs } = error as NotifyFailed
      const all = inspect(error, { depth: 10, showHidden: true, getters: true })
      for (const text of [all, message, stack ?? "", JSON.stringify(error)])
        expect(text.includes(CANARY) || text.includes(btoa(CANARY))).toBe(false)
      if (retryAfterMs !== null) {
        expect(retryAfterMs).toBeGreaterThan(0)
        expect(retryAfterMs).toBeLessThanOrEqual(DAY_MS)
      }
    })
    const numRuns = Number(process.env.LAW_RUNS ?? 200)
    await fc.assert(check, { numRuns, seed: Number(process.env.LAW_SEED ?? 7) })
  })
})
