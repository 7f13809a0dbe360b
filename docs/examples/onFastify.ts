import { spendOf, spendPlugin } from "@spendfuse/adapters/fastify"
import fastify from "fastify"
import OpenAI from "openai"
import { openSpendfuse } from "./support/spendfuse.ts"

const spendfuse = openSpendfuse()
// #region app
const app = fastify()
app.register(spendPlugin, {
  spendfuse,
  subject: (request) => ({ apiKey: String(request.headers["x-key"] ?? "") }),
})
app.post<{ Body: { question: string } }>("/chat", async (request) => {
  const openai = new OpenAI({ fetch: spendOf(request).fetch })
  const answer = await openai.chat.completions.create({
    model: "gpt-5",
    messages: [{ role: "user", content: request.body.question }],
  })
  return { text: answer.choices[0]?.message.content }
})
// #endregion app
const response = await app.inject({
  method: "POST",
  url: "/chat",
  headers: { "x-key": "agent-7" },
  payload: { question: "Hello!" },
})
console.log(response.statusCode, response.body) // => 200 {"text":"Hello from the stand-in."}
await app.close()
await spendfuse.close()
