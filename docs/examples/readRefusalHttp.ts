import { guardedFetch } from "@spendfuse/adapters/fetch"
import OpenAI, { APIError } from "openai"
import { openSpendfuse } from "./support/spendfuse.ts"

const spendfuse = openSpendfuse()
// #region read
const guarded = guardedFetch(spendfuse, { subject: { apiKey: "agent-7" } })
const client = new OpenAI({ fetch: guarded })
await spendfuse.operator.switch(
  { dimension: "apiKey", value: "agent-7" },
  { state: "off", by: "ann", why: "it loops" },
)
try {
  await client.responses.create({ model: "gpt-5", input: "Hello!" })
} catch (error) {
  if (!(error instanceof APIError)) throw error
  console.log(error.status, error.code, error.type) // => 403 switched-off spendfuse_refused
  console.log(error.headers?.get("x-should-retry"), error.headers?.get("retry-after")) // => false null
}
// #endregion read
// #region body
const refused = await guarded("https://api.openai.com/v1/responses", {
  method: "POST",
  body: JSON.stringify({ model: "gpt-5", input: "Hello!" }),
})
console.log(refused.status, JSON.stringify(await refused.json(), null, 2))
// => 403 {
//      "error": {
//        "message": "refused: switched-off …",
//        "type": "spendfuse_refused",
//        "param": null,
//        "code": "switched-off",
//        "spendfuse": {
//          "type": "urn:spendfuse:refused:switched-off",
//          "title": "refused: switched-off",
//          "status": 403,
//          "detail": "refused: switched-off …",
//          "reason": "switched-off",
//          "until": null,
//          "withoutStore": false,
//          "obstacles": [
//            {
//              "switch": "apiKey=agent-7",
//              "reason": "switched-off",
//              "until": null
//            }
//          ]
//        }
//      }
//    }
// #endregion body
await spendfuse.close()
