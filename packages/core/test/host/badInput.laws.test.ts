import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { CallRequest, Settlement } from "../../src/index.ts"
import { far, k1 } from "../engine/support.ts"

const RUNS = Number(process.env.LAW_RUNS ?? 200)
const with_ = { seed: Number(process.env.LAW_SEED ?? 20_260_115), numRuns: RUNS }

/** Things that are not amounts, names or objects; some of them are. */
const odd = fc.oneof(
  fc.constantFrom(
    -1,
    -0,
    0.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    2 ** 53,
    Number.MAX_SAFE_INTEGER,
    1e308,
    null,
    undefined,
    true,
    "",
    "5",
    "__proto__",
    {},
    [],
    5n,
  ),
  fc.anything({ maxDepth: 1 }),
)
const amounts = fc.oneof(
  odd,
  fc.dictionary(fc.constantFrom("usd", "tokens", "requests", "usdNano", "__proto__"), odd, {
    maxKeys: 3,
  }),
)
const request = fc.record(
  {
    subject: fc.oneof(
      fc.constant(k1),
      odd,
      fc.dictionary(fc.constantFrom("apiKey", "platform", "__proto__", "constructor"), odd),
    ),
    model: odd,
    provider: odd,
    amounts,
    inputTokens: odd,
    maxOutputTokens: odd,
    minOutputTokens: odd,
    choices: odd,
    expiresInMs: odd,
    via: odd,
  },
  { requiredKeys: ["subject"] },
)
const settlement = fc.record(
  {
    amounts,
    usage: fc.oneof(odd, fc.dictionary(fc.constantFrom("inputTokens", "outputTokens"), odd)),
    chargeNanoUsd: odd,
    model: odd,
    serviceTier: odd,
    final: fc.constantFrom(true, false),
  },
  { requiredKeys: [] },
)

const isTyped = (error: unknown): boolean =>
  error instanceof Error &&
  "_tag" in error &&
  error._tag === "RequestFailed" &&
  !/\n/.test(error.message)

const priced = { unknownModel: { price: { inputUsd: 1, outputUsd: 1 } } } as const

describe("input that is not what it should be", () => {
  it("is a typed fault or decided, leaves nothing behind, and the next call is decided as ever", async () => {
    await fc.assert(
      fc.asyncProperty(request, async (asked) => {
        const { spendfuse, meter, admitted } = far(priced)
        try {
          const decision = await spendfuse.reserve(asked as unknown as CallRequest)
          if (decision.allowed) await decision.release()
        } catch (error) {
          expect(error).toSatisfy(isTyped)
        }
        expect(await meter()).toEqual({ settled: 0, held: 0 })
        await (await admitted(1000)).settle({ amounts: { usd: 1000 } })
        expect(await meter()).toEqual({ settled: 1000, held: 0 })
      }),
      with_,
    )
  })

  it("never frees a settlement: it is counted, assumed, or a typed fault that leaves the hold", async () => {
    await fc.assert(
      fc.asyncProperty(settlement, async (given) => {
        const { admitted, meter } = far(priced)
        const held = await admitted(400)
        try {
          const settled = await held.settle(given as unknown as Settlement)
          const now = await meter()
          if (given.final === false) expect(now.settled + now.held).toBeGreaterThanOrEqual(400)
          else expect(now).toEqual({ settled: settled.amounts.usd, held: 0 })
        } catch (error) {
          expect(error).toSatisfy(isTyped)
          expect(await meter()).toEqual({ settled: 0, held: 400 })
        }
      }),
      with_,
    )
  })
})
