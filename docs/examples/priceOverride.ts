import { libraryPrices } from "@spendfuse/core/prices"

// #region override
const prices = libraryPrices({
  overrides: [
    {
      model: "my-model*",
      provider: "openai",
      from: "2026-01-01T00:00:00Z",
      source: "contract 2026",
      rates: { inputTokens: "0.80", outputTokens: "3.20" },
      maxOutputTokens: 8_192,
    },
  ],
})
const atMs = Date.parse("2026-01-15T10:20:00Z")
const cost = prices.cost(
  { provider: "openai", model: "my-model-2", atMs },
  { inputTokens: 1_000, outputTokens: 500 },
)
if (cost.kind === "priced")
  console.log(cost.nanoUsd, cost.source.name) // => 2400000 contract 2026
else console.log(cost.kind, cost.detail)
console.log(prices.sources.map(({ kind, name, asOf }) => `${kind} ${name} ${asOf}`).join("\n"))
// => override contract 2026 2026-01-01T00:00:00Z
//    library @pydantic/genai-prices … 2026-…
// #endregion override
