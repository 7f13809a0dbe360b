import { waitUntil } from "cloudflare:workers"
import { definePolicy } from "@spendfuse/core"
import { libraryPrices } from "@spendfuse/core/prices"
import OpenAI from "openai"
import {
  durableObjectStore,
  ledgerObject,
  type ObjectNamespace,
} from "../../../../store-durable-object/src/index.ts"
import { guardedFetch } from "../../../src/fetch.ts"
import { workerSpendfuse } from "../../../src/workers.ts"

interface Env {
  readonly LEDGER: ObjectNamespace
  /** Where the stand-in of the provider listens. */
  readonly UPSTREAM: string
}

export const TestLedger = ledgerObject()

const policy = definePolicy({
  partitionBy: "org",
  budgets: [
    {
      id: "org",
      per: ["org"],
      limit: { usd: "1", overrides: { crowd: "0.01" } },
      window: "month",
      tiers: [{ at: "100%", block: true }],
    },
    {
      id: "all",
      per: ["platform"],
      limit: { usd: "100" },
      window: "month",
      lease: { share: "1%", for: "30s" },
      tiers: [{ at: "100%", block: true }],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
  maxOutputTokens: 1_000,
})

const spendfuse = workerSpendfuse({
  waitUntil,
  options: ({ LEDGER }: Env) => ({
    policy,
    store: durableObjectStore({ namespace: LEDGER }),
    prices: libraryPrices(),
    // Two hundred requests come at once: none is refused because the machine is slow.
    storeDeadlineMs: 60_000,
  }),
})

/** Calls the provider for the org of the path: `/acme/cut` leaves a stream, `/acme/left` says what is left. */
export default {
  fetch: async (request: Request, env: Env): Promise<Response> => {
    const [, org = "", what = ""] = new URL(request.url).pathname.split("/")
    const fuse = spendfuse(env)
    if (what === "left") return Response.json(await fuse.remaining({ org }))
    const guarded = guardedFetch(fuse, { subject: { org }, provider: "openai" })
    if (what === "sdk") return viaSdk(guarded, env)
    const { body, headers, signal } = request
    const init = { method: "POST", body, headers, signal, duplex: "half" }
    const answer = await guarded(`${env.UPSTREAM}/v1/chat/completions`, init as RequestInit)
    return what === "cut" ? cutOff(answer) : answer
  },
}

/** Reads a little of a stream, leaves it, and answers at once. */
const cutOff = async (answer: Response): Promise<Response> => {
  const reader = answer.body?.getReader()
  await reader?.read()
  void reader?.cancel()
  return new Response("enough")
}

const viaSdk = async (guarded: typeof fetch, env: Env): Promise<Response> => {
  const client = new OpenAI({ apiKey: "sk", fetch: guarded, baseURL: `${env.UPSTREAM}/v1` })
  const messages = [{ role: "user" as const, content: "hello" }]
  const answer = await client.chat.completions.create({ model: "gpt-5", messages })
  return Response.json(answer)
}
