import { waitUntil } from "cloudflare:workers"
import { guardedFetch } from "@spendfuse/adapters/fetch"
import { webhook } from "@spendfuse/adapters/webhook"
import { workerSpendfuse } from "@spendfuse/adapters/workers"
import { createDispatcher, definePolicy, type Notifier } from "@spendfuse/core"
import { libraryPrices } from "@spendfuse/core/prices"
import {
  durableObjectStore,
  ledgerObject,
  type ObjectNamespace,
} from "@spendfuse/store-durable-object"
import OpenAI from "openai"

interface Env {
  readonly SPENDFUSE: ObjectNamespace
  readonly OPENAI_API_KEY: string
  readonly ALERTS_URL: string
  readonly ALERTS_SECRET: string
}

// #region policy
const policy = definePolicy({
  partitionBy: "org",
  budgets: [
    {
      id: "org-day",
      per: ["org"],
      limit: { usd: 20 },
      window: "day",
      tiers: [
        { at: "80%", notify: ["alerts"] },
        { at: "100%", block: true, notify: ["alerts"] },
      ],
    },
    {
      id: "all-day",
      per: ["platform"],
      limit: { usd: 2_000 },
      window: "day",
      lease: { share: "1%", for: "30s" },
      tiers: [{ at: "100%", block: true, notify: ["alerts"] }],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
  maxOutputTokens: 4_096,
})
// #endregion policy

const notifiersOf = (env: Env): Record<string, Notifier> => ({
  alerts: webhook({ url: env.ALERTS_URL, secrets: [env.ALERTS_SECRET] }),
})

/** One object for each org keeps its ledger, and tells what it has to tell. */
export const SpendfuseLedger = ledgerObject({
  dispatch: (store, env: Env) => createDispatcher({ store, notifiers: notifiersOf(env) }).once(),
})

const spendfuse = workerSpendfuse({
  waitUntil,
  options: (env: Env) => ({
    policy,
    store: durableObjectStore({ namespace: env.SPENDFUSE }),
    prices: libraryPrices(),
    notifiers: notifiersOf(env),
  }),
})

export default {
  fetch: async (request: Request, env: Env): Promise<Response> => {
    // Whoever your sign-in says it is.
    const subject = { org: request.headers.get("x-org") ?? "" }
    const openai = new OpenAI({
      apiKey: env.OPENAI_API_KEY,
      fetch: guardedFetch(spendfuse(env), { subject }),
    })
    const { question } = (await request.json()) as { question: string }
    const answer = await openai.chat.completions.create(
      { model: "gpt-5", messages: [{ role: "user", content: question }] },
      { signal: request.signal },
    )
    return Response.json({ text: answer.choices[0]?.message.content })
  },
}
