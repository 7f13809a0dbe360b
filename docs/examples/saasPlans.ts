import { guardedFetch } from "@spendfuse/adapters/fetch"
import { createSpendfuse, definePolicy } from "@spendfuse/core"
import { libraryPrices } from "@spendfuse/core/prices"
import { memoryStore } from "@spendfuse/store-memory"
import OpenAI from "openai"

// #region policy
/** What each plan includes in a month, in nano-USD. */
const PLANS = { free: 100_000_000, team: 50_000_000_000 } as const
/** Stands for a table of yours. */
const planOf = new Map<string, keyof typeof PLANS>([
  ["acme", "team"],
  ["bakery", "free"],
])

const policy = definePolicy({
  budgets: [
    {
      id: "tenant-month",
      per: ["tenant"],
      limit: { usd: "0.1" },
      window: "month",
      tiers: [
        { at: "80%", notify: ["sales"], message: "close to what the plan includes" },
        { at: "100%", block: true, notify: ["sales"] },
      ],
    },
    // No user takes the whole tenant's month in one day.
    {
      id: "user-day",
      per: ["tenant", "user"],
      limit: { usd: 2 },
      window: "day",
      tiers: [{ at: "100%", block: true, notify: ["sales"] }],
    },
    {
      id: "platform-day",
      per: ["platform"],
      limit: { usd: 500 },
      window: "day",
      tiers: [
        { at: "80%", notify: ["oncall"] },
        { at: "100%", latch: true, notify: ["oncall"] },
      ],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
  maxOutputTokens: 4_000,
})
// #endregion policy
// #region serve
const silent = { name: "silent", deliver: async () => undefined }
const spendfuse = createSpendfuse({
  policy,
  store: memoryStore(),
  prices: libraryPrices(),
  notifiers: { sales: silent, oncall: silent },
  authenticated: ["tenant", "user"],
  limitFor: ({ budget, values: [tenant = ""] }) =>
    budget === "tenant-month" ? PLANS[planOf.get(tenant) ?? "free"] : undefined,
})

const chat = async (tenant: string, user: string, question: string): Promise<string> => {
  const client = new OpenAI({ fetch: guardedFetch(spendfuse, { subject: { tenant, user } }) })
  try {
    const answer = await client.chat.completions.create({
      model: "gpt-5",
      messages: [{ role: "user", content: question }],
    })
    return answer.choices[0]?.message.content ?? ""
  } catch (error) {
    if (!(error instanceof OpenAI.APIError) || error.type !== "spendfuse_refused") throw error
    const isOnFree = (planOf.get(tenant) ?? "free") === "free"
    return isOnFree ? "Your free month is used up. Upgrade?" : `Please try later (${error.code}).`
  }
}

for (const question of ["one", "two", "three", "four"])
  console.log(await chat("bakery", "bo", question))
console.log(await chat("acme", "ann", "one"))
// => Hello from the stand-in.
//    Hello from the stand-in.
//    Hello from the stand-in.
//    Your free month is used up. Upgrade?
//    Hello from the stand-in.
// #endregion serve
await spendfuse.close()
