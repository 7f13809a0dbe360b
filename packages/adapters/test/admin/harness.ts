import { type AdminOptions, adminApi, bearerTokens } from "@spendfuse/adapters/admin"
import { defineNotifier } from "@spendfuse/adapters/notifier"
import { createSpendfuse, definePolicy, type Spendfuse, type Store } from "@spendfuse/core"
import { memoryStore } from "@spendfuse/store-memory"
import { expect } from "vitest"
import { validatorOf } from "./validator.ts"

export const ANN = "ann-token-0123456789-0123456789-0123"
export const READER = "read-token-0123456789-0123456789-012"
export const SHARED = "team-token-0123456789-0123456789-012"
export const ORIGIN = "https://ops.example.com"

const POLICY = definePolicy({
  budgets: [
    {
      id: "day",
      per: ["apiKey"],
      limit: { usd: 1 },
      window: "day",
      tiers: [{ at: "100%", latch: true, repeat: "100%" }],
    },
    {
      id: "pair",
      per: ["team", "apiKey"],
      limit: { tokens: 100 },
      window: "day",
      whenMissing: "skip",
      tiers: [{ at: "100%", trip: { coolDown: "1h" } }],
    },
    {
      id: "hard",
      per: ["user"],
      limit: { usd: 1 },
      window: "day",
      whenMissing: "skip",
      tiers: [{ at: "100%", block: true }],
    },
    {
      id: "all",
      per: ["platform"],
      limit: { usd: 50 },
      window: "day",
      tiers: [{ at: "80%", notify: ["log"] }],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
})

/** A fuse over memory, with an API on it that answers `call`. */
export interface World extends AsyncDisposable {
  readonly spendfuse: Spendfuse
  readonly store: Store
  readonly api: (request: Request) => Promise<Response>
  /** One call of the API; its answer is held to the document that the API serves. */
  readonly call: (method: string, path: string, given?: Call) => Promise<Answer>
  /** Spends, as a caller would. */
  readonly spend: (subject: Record<string, string>, usd: number) => Promise<void>
}

export interface Call {
  readonly body?: unknown
  readonly token?: string | null
  readonly headers?: Readonly<Record<string, string>>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: an answer is looked into by its fields
  readonly json: any
}

export const openWorld = (options: Partial<AdminOptions> = {}): World => {
  const store = memoryStore()
  const spendfuse = createSpendfuse({
    policy: POLICY,
    store,
    notifiers: { log: defineNotifier({ name: "log", deliver: async () => undefined }) },
    onNotice: () => undefined,
  })
  const api = adminApi({
    spendfuse,
    store,
    auth: bearerTokens({
      ann: ANN,
      reader: { token: READER, may: "read" },
      team: { token: SHARED, shared: true },
    }),
    basePath: "/admin",
    ...options,
  })
  return {
    spendfuse,
    store,
    api,
    call: async (method, path, { body, token = ANN, headers = {} } = {}) => {
      const response = await api(
        new Request(`${ORIGIN}/admin/${path}`, {
          method,
          headers: {
            ...(token !== null && { authorization: `Bearer ${token}` }),
            ...(body !== undefined && { "content-type": "application/json" }),
            ...headers,
          },
          ...(body !== undefined && {
            body: typeof body === "string" ? body : JSON.stringify(body),
          }),
        }),
      )
      const text = await response.text()
      const json: unknown = text === "" ? null : JSON.parse(text)
      expectSafe(response)
      if (json !== null)
        expect(await validatorOf(api, ANN)(method, path, response, json)).toEqual([])
      return { status: response.status, headers: response.headers, text, json }
    },
    spend: async (subject, usd) => {
      const amounts = { usd: Math.round(usd * 1e9), tokens: 1 }
      await spendfuse.guard({ subject, amounts }, async () => ({ value: null, amounts }))
    },
    [Symbol.asyncDispose]: () => spendfuse.close(),
  }
}

/** What each answer bears, whatever it says. */
export const expectSafe = ({ headers }: Response): void => {
  expect(headers.get("cache-control")).toBe("no-store")
  expect(headers.get("x-content-type-options")).toBe("nosniff")
  expect(headers.get("content-security-policy")).toContain("default-src 'none'")
  expect(headers.get("referrer-policy")).toBe("no-referrer")
  expect(headers.get("access-control-allow-origin")).toBeNull()
  expect(headers.get("set-cookie")).toBeNull()
}
