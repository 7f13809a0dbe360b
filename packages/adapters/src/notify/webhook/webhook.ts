import type { Notifier } from "@spendfuse/core"
import { deliveryIdOf } from "../digest.ts"
import { EVENT_JSON_VERSION, eventJson } from "../eventJson.ts"
import { defineNotifier } from "../notifier.ts"
import { secretUrl } from "../secretUrl.ts"
import { isoText } from "../words/times.ts"
import { signerOf } from "./sign.ts"

/** Where a webhook goes, and how it is signed. */
export interface WebhookOptions {
  /** Of the host's configuration, https; events never change it. */
  readonly url: string
  /**
   * `whsec_` and 24 to 64 bytes in base64. All of them sign, so that a receiver may change from one to the
   * next: add the new one, change the receiver, remove the old one.
   */
  readonly secrets: readonly string[]
  /** For logs; `webhook` unless given. */
  readonly name?: string
  /** What sends; the global one unless given. */
  readonly fetch?: typeof globalThis.fetch
  /** How long one message may take, milliseconds; 10,000 unless given. */
  readonly timeoutMs?: number
  /** The clock of the signatures; the machine's unless given. */
  readonly nowMs?: () => number
}

/**
 * Posts each delivery as JSON, signed as Standard Webhooks asks for: `webhook-id`, `webhook-timestamp`,
 * `webhook-signature`. The id is made of the events' ids: the same events again have the same one.
 *
 * @throws TypeError where the URL or a secret cannot be used; the error does not repeat it
 */
export const webhook = (options: WebhookOptions): Notifier => {
  const { secrets, name = "webhook", nowMs = Date.now } = options
  const url = secretUrl(options.url, "url")
  const sign = signerOf(secrets)
  return defineNotifier({
    name,
    ...(options.fetch && { fetch: options.fetch }),
    ...(options.timeoutMs !== undefined && { timeoutMs: options.timeoutMs }),
    deliver: async (events, post) => {
      const last = events.at(-1)
      if (last === undefined) return
      const body = JSON.stringify({
        type: "spendfuse.events",
        timestamp: isoText(last.atMs),
        data: {
          version: EVENT_JSON_VERSION,
          account: "account" in last ? last.account : null,
          count: events.length,
          events: events.map(eventJson),
        },
      })
      const id = `msg_${await deliveryIdOf(events)}`
      const seconds = Math.floor(nowMs() / 1_000)
      await post({
        url,
        headers: {
          "content-type": "application/json",
          "webhook-id": id,
          "webhook-timestamp": String(seconds),
          "webhook-signature": await sign(`${id}.${seconds}.${body}`),
        },
        body,
      })
    },
  })
}
