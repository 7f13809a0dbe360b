import type { Notifier } from "@spendfuse/core"
import { defineNotifier } from "../notifier.ts"
import { secretUrl } from "../secretUrl.ts"
import { botOf } from "./bot.ts"
import { slackWordOf } from "./errors.ts"
import { type SlackWords, slackWordsFor } from "./words.ts"

interface CommonOptions extends SlackWords {
  /** For logs; `slack` unless given. */
  readonly name?: string
  /** What sends; the global one unless given. */
  readonly fetch?: typeof globalThis.fetch
  /** How long one request may take, milliseconds; 10,000 unless given. */
  readonly timeoutMs?: number
}

/** By an incoming webhook: one message per delivery, no threads, for a webhook does not tell where it wrote. */
export interface SlackWebhookOptions extends CommonOptions {
  /** `https://hooks.slack.com/services/…`: a secret. */
  readonly webhookUrl: string
}

/** By a bot: what follows an alert answers it in its thread. */
export interface SlackBotOptions extends CommonOptions {
  /** `xoxb-…`, with `chat:write`, and `channels:history` or `groups:history` to find threads: a secret. */
  readonly token: string
  /** The channel's id, `C0123456789`: a name is not enough to look for threads. */
  readonly channel: string
  /** Another base URL than `https://slack.com/api`, for GovSlack or a test. */
  readonly apiUrl?: string
}

/** By which of Slack's two ways it goes. */
export type SlackOptions = SlackWebhookOptions | SlackBotOptions

/**
 * Tells a channel of Slack in Block Kit. What callers chose is escaped, and can neither mention nor link.
 *
 * @throws TypeError where a URL, the token or the channel cannot be used; the error does not repeat it
 */
export const slack = (options: SlackOptions): Notifier => {
  const { name = "slack" } = options
  const deliver = "webhookUrl" in options ? hookOf(options) : botOf(name, checked(options), options)
  return defineNotifier({
    name,
    ...(options.fetch && { fetch: options.fetch }),
    ...(options.timeoutMs !== undefined && { timeoutMs: options.timeoutMs }),
    deliver,
  })
}

type Deliver = Parameters<typeof defineNotifier>[0]["deliver"]

const hookOf = (options: SlackWebhookOptions): Deliver => {
  const url = secretUrl(options.webhookUrl, "webhookUrl")
  return async (events, post) => {
    await post({
      url,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        ...(await slackWordsFor(events, options)),
        unfurl_links: false,
        unfurl_media: false,
      }),
      explain: slackWordOf,
    })
  }
}

const checked = ({ token, channel, apiUrl = "https://slack.com/api" }: SlackBotOptions) => {
  if (!/^xox[a-z](\.xox[a-z])?-[\w.-]{4,500}$/.test(token))
    throw new TypeError("`token` must be a bot's token, `xoxb-…`")
  if (!/^[CGD][A-Z0-9]{5,}$/.test(channel))
    throw new TypeError("`channel` must be a channel's id, e.g. `C0123456789`")
  return { token, channel, apiUrl: secretUrl(apiUrl, "apiUrl").replace(/\/+$/, "") }
}
