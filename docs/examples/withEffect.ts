import { definePolicy } from "@spendfuse/core"
import { layer, layerPrices, layerStore, Spendfuse } from "@spendfuse/core/effect"
import { libraryPrices } from "@spendfuse/core/prices"
import { memoryStore } from "@spendfuse/store-memory"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

const policy = definePolicy({
  budgets: [
    {
      id: "key-hour",
      per: ["apiKey"],
      limit: { usd: 1 },
      window: "hour",
      tiers: [{ at: "100%", block: true }],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
  maxOutputTokens: 4_000,
})
// #region program
const program = Effect.gen(function* () {
  const spendfuse = yield* Spendfuse
  return yield* spendfuse.guard(
    { subject: { apiKey: "agent-7" }, provider: "openai", model: "gpt-5", inputTokens: 6 },
    () => Effect.succeed({ value: "Hello!", usage: { inputTokens: 2, outputTokens: 300 } }),
  )
})
const live = layer({ policy }).pipe(
  Layer.provide(layerStore(memoryStore())),
  Layer.provide(layerPrices(libraryPrices())),
)
const answer = await Effect.runPromise(program.pipe(Effect.provide(live)))
console.log(answer.allowed && answer.value) // => Hello!
// #endregion program
