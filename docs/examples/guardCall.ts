import { openSpendfuse } from "./support/spendfuse.ts"

const spendfuse = openSpendfuse()
const myModel = async (_prompt: string, most: number) => ({
  text: "Hello!",
  tokensIn: 12,
  tokensOut: Math.min(most, 300),
})
// #region guard
const prompt = "Hello!"
const answer = await spendfuse.guard(
  {
    subject: { apiKey: "agent-7" },
    provider: "openai",
    model: "gpt-5",
    inputTokens: new TextEncoder().encode(prompt).length,
    maxOutputTokens: 1_000,
  },
  async (granted) => {
    // Never ask for more than was granted: near the cap it is less than you asked for.
    const said = await myModel(prompt, granted.maxOutputTokens ?? 0)
    return {
      value: said.text,
      usage: { inputTokens: said.tokensIn, outputTokens: said.tokensOut },
    }
  },
)
if (answer.allowed)
  console.log(answer.value, answer.settled.amounts.usd) // => Hello! 3015000
else console.log(spendfuse.explain(answer))
// #endregion guard
await spendfuse.close()
