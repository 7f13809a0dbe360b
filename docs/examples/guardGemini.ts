import { guardedFetch } from "@spendfuse/adapters/fetch"
import { openSpendfuse } from "./support/spendfuse.ts"

const spendfuse = openSpendfuse()
// #region call
const guarded = guardedFetch(spendfuse, { subject: { apiKey: "agent-7" } })
const response = await guarded(
  "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent",
  {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-goog-api-key": process.env.GEMINI_API_KEY ?? "",
    },
    body: JSON.stringify({ contents: [{ role: "user", parts: [{ text: "Hello!" }] }] }),
  },
)
const answer = await response.json()
console.log(response.status, answer.candidates[0].content.parts[0].text) // => 200 Hello from the stand-in.
// #endregion call
await spendfuse.close()
