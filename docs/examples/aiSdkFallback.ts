import { createOpenAI, openai } from "@ai-sdk/openai"
import { guardAiSdk } from "@spendfuse/adapters/ai-sdk"
import { guardedFetch } from "@spendfuse/adapters/fetch"
import { openSessions } from "@spendfuse/adapters/session"
import { definePolicy } from "@spendfuse/core"
import { generateText, wrapLanguageModel } from "ai"
import { openSpendfuse } from "./support/spendfuse.ts"

const policy = definePolicy({
  budgets: [
    {
      id: "key-hour",
      per: ["apiKey"],
      limit: { usd: "0.06" },
      window: "hour",
      tiers: [
        { at: "50%", degrade: "cheaper" },
        { at: "100%", block: true },
      ],
    },
  ],
  fallbacks: { cheaper: { model: "gpt-5-nano" } },
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
  maxOutputTokens: 4_000,
})
const spendfuse = openSpendfuse(policy)
// #region fallback
const guard = guardAiSdk(spendfuse, {
  subject: { apiKey: "agent-7" },
  models: { "gpt-5-nano": openai.chat("gpt-5-nano") },
})
const model = wrapLanguageModel({ model: openai.chat("gpt-5"), middleware: guard.language })
for (const prompt of ["one", "two"]) {
  const { response } = await generateText({ model, prompt })
  console.log(response.modelId)
}
// => gpt-5
//    gpt-5-nano
// #endregion fallback
// #region subject
const perCall = guardAiSdk(spendfuse, {
  subject: ({ providerOptions }) => {
    const { key } = (providerOptions as { spendfuse: { key: string } }).spendfuse
    return { apiKey: key }
  },
})
const shared = wrapLanguageModel({ model: openai.chat("gpt-5"), middleware: perCall.language })
await generateText({
  model: shared,
  prompt: "Hello!",
  providerOptions: { spendfuse: { key: "agent-8" } },
})
// #endregion subject
// #region session
const sessions = openSessions(spendfuse)
const session = await sessions.open({ apiKey: "agent-9" }, { keepBack: { usd: 20_000_000 } })
if (!session.allowed) throw new Error(spendfuse.explain(session))

const ofSession = { session: () => sessions.current() }
const working = wrapLanguageModel({
  model: openai.chat("gpt-5-nano"),
  middleware: guardAiSdk(spendfuse, ofSession).language,
})
const last = wrapLanguageModel({
  model: openai.chat("gpt-5-nano"),
  middleware: guardAiSdk(spendfuse, { ...ofSession, isFinal: true }).language,
})
const answer = await session.run(async () => {
  await generateText({ model: working, prompt: "Look it up." })
  return generateText({ model: last, prompt: "Sum it up." })
})
console.log(answer.text) // => Hello from the stand-in.
await session.close()
// #endregion session
// #region fetch
const guarded = guardedFetch(spendfuse, { subject: { apiKey: "agent-10" } })
const provider = createOpenAI({ fetch: guarded })
const { text } = await generateText({ model: provider.chat("gpt-5"), prompt: "Hello!" })
console.log(text) // => Hello from the stand-in.
// #endregion fetch
await guarded.idle()
await spendfuse.close()
