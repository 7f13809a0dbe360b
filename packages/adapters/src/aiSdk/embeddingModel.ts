import { count } from "../fetch/seen.ts"
import { admit, type Guard, made } from "./call.ts"
import { utf8Length } from "./media.ts"
import type { EmbeddingMiddleware } from "./models.ts"
import { listedAs } from "./naming.ts"

/** Each batch that `embedMany` sends is a call of its own. */
export const embeddingMiddleware = (guard: Guard): EmbeddingMiddleware => ({
  specificationVersion: "v3",
  wrapEmbed: async ({ doEmbed, params, model }) => {
    const bytes = params.values.reduce((sum, value) => sum + utf8Length(value) + VALUE_TOKENS, 0)
    const open = await admit(guard, model, params, {
      ...listedAs(guard.options, model),
      inputTokens: bytes,
      maxOutputTokens: 0,
      minOutputTokens: 0,
    })
    const answer = await made(guard, open, doEmbed)
    await open.settle(() => {
      const tokens = count(answer.usage?.tokens)
      return tokens === undefined ? null : { usage: { inputTokens: tokens } }
    })
    return answer
  },
})

/** What a provider may put around each text. */
const VALUE_TOKENS = 8
