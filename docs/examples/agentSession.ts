import { openSessions } from "@spendfuse/adapters/session"
import { createSpendfuse, definePolicy } from "@spendfuse/core"
import { libraryPrices } from "@spendfuse/core/prices"
import { memoryStore } from "@spendfuse/store-memory"
import OpenAI from "openai"

// #region policy
const policy = definePolicy({
  budgets: [
    {
      id: "session",
      per: ["org", "session"],
      limit: { usd: 1 },
      window: { lifetime: { idle: "24h" } },
      tiers: [
        { at: "80%", notify: ["log"] },
        { at: "100%", block: true },
      ],
    },
    {
      id: "task",
      per: ["session", "task"],
      limit: { usd: "0.2" },
      window: { lifetime: { idle: "24h" } },
      whenMissing: "skip",
      tiers: [{ at: "100%", block: true }],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
  maxOutputTokens: 4_000,
})
// #endregion policy
// #region open
const spendfuse = createSpendfuse({
  policy,
  store: memoryStore(),
  prices: libraryPrices(),
  notifiers: { log: { name: "log", deliver: async () => undefined } },
  onEvent: (event) => sessions.hear(event),
})
const sessions = openSessions(spendfuse, {
  secrets: [process.env.SESSION_SECRET ?? "a secret of at least 32 characters"],
})
const client = new OpenAI({ fetch: sessions.fetch })

const session = await sessions.open(
  { org: "acme", session: "s-1" },
  { keepBack: { usd: 100_000_000 } }, // ten cents, in nano-USD
)
if (!session.allowed) throw new Error(spendfuse.explain(session))
// #endregion open
// #region agent
let isNearEnd = false
session.onTier(({ label }) => {
  isNearEnd = true
  console.log(`${label} is spent: winding down`)
})

const ask = async (question: string): Promise<string> => {
  const answer = await client.chat.completions.create({
    model: "gpt-5",
    messages: [{ role: "user", content: question }],
  })
  return answer.choices[0]?.message.content ?? ""
}

const report = await session.run(async () => {
  const notes: string[] = []
  try {
    while (!isNearEnd) notes.push(await ask("What else?"))
  } catch (error) {
    if (!(error instanceof OpenAI.APIError) || error.type !== "spendfuse_refused") throw error
    console.log(`refused: ${error.code}`)
  }
  return sessions.final(() => ask(`Sum up: ${notes.join(" ")}`))
})
console.log(report)
// => 80% is spent: winding down
//    Hello from the stand-in.
// #endregion agent
// #region helper
const helper = await session.child({ task: "search" })
if (helper.allowed)
  for (const { budget, remaining } of await helper.remaining()) console.log(budget, remaining > 0) // => session true
// => task true
// #endregion helper
// #region token
const token = await session.token()
// … in the helper's process, behind what authenticates the caller:
const joined = await sessions.join(token, { org: "acme" })
console.log(joined.subject) // => { org: 'acme', session: 's-1' }
await sessions.join(token, { org: "evil" }).catch((error) => console.log(error.message))
// => invalid-command: the session token is not of the caller's `org`; open the session with it
// #endregion token
// #region close
await session.close()
// #endregion close
await spendfuse.close()
