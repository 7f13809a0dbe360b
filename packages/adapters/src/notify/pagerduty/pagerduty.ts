import type { DomainEvent, Notifier } from "@spendfuse/core"
import { deliveryIdOf } from "../digest.ts"
import { defineNotifier } from "../notifier.ts"
import type { Post } from "../post.ts"
import { secretUrl } from "../secretUrl.ts"
import type { WordsOptions } from "../words/message.ts"
import { type Story, storiesOf } from "../words/stories.ts"
import { linksFor, wordsFor } from "../words/words.ts"
import { dedupKeyOf } from "./dedupKey.ts"
import { payloadOf } from "./payload.ts"

/** Which service of PagerDuty hears it, and in what words. */
export interface PagerdutyOptions extends WordsOptions {
  /** The integration key of the service, 32 characters: a secret. */
  readonly routingKey: string
  /** Where the account lives; `us` unless given. */
  readonly region?: "us" | "eu"
  /** Another base URL than the region's, for a relay or a test. */
  readonly apiUrl?: string
  /** Where people go from an incident, such as the console; https. */
  readonly clientUrl?: string
  /** For logs; `pagerduty` unless given. */
  readonly name?: string
  /** What sends; the global one unless given. */
  readonly fetch?: typeof globalThis.fetch
  /** How long one request may take, milliseconds; 10,000 unless given. */
  readonly timeoutMs?: number
}

const API_URLS = { us: "https://events.pagerduty.com", eu: "https://events.eu.pagerduty.com" }

/**
 * Opens, acknowledges and resolves incidents by Events API v2. `dedup_key` is the incident: what opened it
 * triggers, probation acknowledges, the closing circuit resolves. An opening also resolves the incident
 * that it took the place of, for nobody else would.
 *
 * @throws TypeError where the key is no 32 letters and digits; the error does not repeat it
 */
export const pagerduty = (options: PagerdutyOptions): Notifier => {
  const { routingKey, region = "us", name = "pagerduty" } = options
  if (!/^[A-Za-z0-9]{32}$/.test(routingKey))
    throw new TypeError("`routingKey` must be the 32 characters of an Events API v2 integration")
  const base = secretUrl(options.apiUrl ?? API_URLS[region], "apiUrl").replace(/\/+$/, "")
  const clientUrl = options.clientUrl && secretUrl(options.clientUrl, "clientUrl")
  const taken = takenChanges()
  return defineNotifier({
    name,
    ...(options.fetch && { fetch: options.fetch }),
    ...(options.timeoutMs !== undefined && { timeoutMs: options.timeoutMs }),
    deliver: async (events, post) => {
      const changes: Change[] = []
      for (const story of storiesOf(events))
        changes.push(...(await changesOf(story, options, clientUrl)))
      const delivery = await deliveryIdOf(events)
      for (const change of changes.slice(taken.of(delivery))) {
        await enqueue(post, `${base}/v2/enqueue`, { routing_key: routingKey, ...change })
        taken.add(delivery)
      }
      taken.forget(delivery)
    },
  })
}

const DELIVERIES_MAX = 1_000

/** How many changes of a delivery that failed were taken: the next try of this process goes on from there. */
const takenChanges = () => {
  const counts = new Map<string, number>()
  const of = (delivery: string): number => counts.get(delivery) ?? 0
  return {
    of,
    add: (delivery: string): void => {
      counts.set(delivery, of(delivery) + 1)
      const oldest = counts.keys().next().value
      if (counts.size > DELIVERIES_MAX && oldest !== undefined) counts.delete(oldest)
    },
    forget: (delivery: string): void => {
      counts.delete(delivery)
    },
  }
}

type Change = Readonly<Record<string, unknown>>

/** First what is new, then what is over, so that somebody is paged at every instant between. */
const changesOf = async (
  story: Story,
  options: PagerdutyOptions,
  clientUrl: string | undefined,
): Promise<readonly Change[]> => {
  const { incident, superseded, opens, state } = story
  const key = await dedupKeyOf(incident ?? story.events[0]?.id ?? "")
  const changes: Change[] = []
  if (opens) changes.push({ dedup_key: key, ...(await triggerOf(story, options, clientUrl)) })
  if (state === "over") changes.push({ event_action: "resolve", dedup_key: key })
  if (state === "probation" && !opens) changes.push({ event_action: "acknowledge", dedup_key: key })
  for (const old of superseded)
    changes.push({ event_action: "resolve", dedup_key: await dedupKeyOf(old) })
  return changes
}

const triggerOf = async (
  story: Story,
  options: PagerdutyOptions,
  clientUrl: string | undefined,
): Promise<Change> => {
  const { events } = story
  const message = wordsFor(events, options)
  const links = await linksFor(events, message.severity, options.links)
  return {
    event_action: "trigger",
    payload: payloadOf(message, events[0] as DomainEvent),
    client: "Spendfuse",
    ...(clientUrl && { client_url: clientUrl }),
    ...(links.length > 0 && { links: links.map(({ text, href }) => ({ text, href })) }),
  }
}

const enqueue = (post: Post, url: string, change: Change): Promise<unknown> =>
  post({
    url,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(change),
    explain: ({ status }) => (status === 400 ? "it refuses the event or the routing key" : null),
  })
