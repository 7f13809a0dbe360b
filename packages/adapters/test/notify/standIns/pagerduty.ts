import { listen, type Reply } from "./listen.ts"
import { checkerOf } from "./schema.ts"

const link = {
  type: "object",
  required: ["href"],
  additionalProperties: false,
  properties: { href: { type: "string", pattern: "^https?://" }, text: { type: "string" } },
}

const key = { type: "string", minLength: 1, maxLength: 255 }

/** Events API v2 as its reference states it: what each action requires, and how long it may be. */
const SCHEMA = {
  type: "object",
  required: ["routing_key", "event_action", "dedup_key"],
  additionalProperties: false,
  properties: {
    routing_key: { type: "string", pattern: "^[A-Za-z0-9]{32}$" },
    event_action: { enum: ["trigger", "acknowledge", "resolve"] },
    dedup_key: key,
    client: { type: "string" },
    client_url: { type: "string", pattern: "^https?://" },
    links: { type: "array", items: link },
    payload: {
      type: "object",
      required: ["summary", "source", "severity"],
      additionalProperties: false,
      properties: {
        summary: { type: "string", minLength: 1, maxLength: 1_024 },
        source: key,
        severity: { enum: ["critical", "error", "warning", "info"] },
        timestamp: { type: "string", pattern: "^\\d{4,6}-\\d\\d-\\d\\dT[\\d:.]+Z$" },
        component: key,
        group: key,
        class: key,
        custom_details: { type: "object" },
      },
    },
  },
  if: { properties: { event_action: { const: "trigger" } } },
  // biome-ignore lint/suspicious/noThenProperty: JSON Schema calls it so.
  then: { required: ["payload"] },
}

const BYTES_MAX = 512_000

/** What came in, as it was sent. */
export interface Enqueued {
  readonly routing_key: string
  readonly event_action: "trigger" | "acknowledge" | "resolve"
  readonly dedup_key: string
  readonly client_url?: string
  readonly links?: readonly { readonly href: string }[]
  readonly payload?: {
    readonly summary: string
    readonly severity: string
    readonly custom_details: Readonly<Record<string, unknown>>
  }
}

/** One account: `alerts` are its open ones, by key, and whether somebody has them. */
export interface PagerdutyStandIn {
  readonly url: string
  readonly enqueued: Enqueued[]
  readonly alerts: Map<string, "triggered" | "acknowledged">
  /** How often somebody was paged: an alert that is open already pages nobody again. */
  readonly pages: string[]
}

export const ROUTING_KEY = "R0utingKeyOf32CharactersXXXXXXXX"
const check = checkerOf(SCHEMA)

/**
 * Events API v2, held to its contract: a body that breaks it fails the test.
 *
 * @param before answers in its place, or hands on what it would answer itself
 */
export const startPagerduty = async (
  before: (usual: () => Reply) => Reply = (usual) => usual(),
): Promise<PagerdutyStandIn> => {
  const enqueued: Enqueued[] = []
  const pages: string[] = []
  const alerts: PagerdutyStandIn["alerts"] = new Map()
  const url = await listen(({ path, method, body }) =>
    before(() => {
      const event = JSON.parse(body) as Enqueued
      const wrong = path === "/v2/enqueue" && method === "POST" ? check(event) : "path"
      if (wrong !== null) throw new Error(`the event: ${wrong}`)
      if (Buffer.byteLength(body) > BYTES_MAX) throw new Error("the event is above 512 kB")
      enqueued.push(event)
      if (event.routing_key !== ROUTING_KEY)
        return { status: 400, body: '{"status":"invalid event"}' }
      take(event, alerts, pages)
      return {
        status: 202,
        body: JSON.stringify({ status: "success", dedup_key: event.dedup_key }),
      }
    }),
  )
  return { url, enqueued, alerts, pages }
}

const take = (
  { event_action: action, dedup_key: key, payload }: Enqueued,
  alerts: PagerdutyStandIn["alerts"],
  pages: string[],
): void => {
  if (action === "resolve") alerts.delete(key)
  else if (action === "acknowledge" && alerts.has(key)) alerts.set(key, "acknowledged")
  else if (action === "trigger" && !alerts.has(key)) {
    alerts.set(key, "triggered")
    if (payload?.severity !== "info") pages.push(key)
  }
}
