import type { DomainEvent } from "@spendfuse/core"
import { deliveryIdOf, digestOf } from "../digest.ts"
import type { Post } from "../post.ts"
import { type Story, storiesOf } from "../words/stories.ts"
import { type ApiAnswer, apiAnswerOf, slackFailed } from "./errors.ts"
import { knownThreads, METADATA_TYPE, type Told, threadIn } from "./threads.ts"
import { type SlackWords, slackWordsFor } from "./words.ts"

/** How the bot reaches its channel. */
export interface Bot {
  readonly token: string
  readonly channel: string
  readonly apiUrl: string
}

/** How many messages of the channel are looked through for a thread. */
const LOOK_BACK = 200

/**
 * Tells each story as a message, or as the answer to the one that began its incident. Which message that is
 * stands in Slack itself, in the message's metadata: so a restart or another process finds it again, and what
 * this process remembers only saves the look.
 */
export const botOf = (
  name: string,
  bot: Bot,
  options: SlackWords,
): ((events: readonly DomainEvent[], post: Post) => Promise<void>) => {
  const known = knownThreads()

  const call = async (post: Post, method: string, args: string, type: string) => {
    const headers = { authorization: `Bearer ${bot.token}`, "content-type": type }
    const answer = await post({ url: `${bot.apiUrl}/${method}`, headers, body: args })
    return { ...apiAnswerOf(answer), retryAfterMs: answer.retryAfterMs }
  }

  /** A thread that cannot be looked for costs only its order: the alert goes into the channel. */
  const find = async (post: Post, told: Told) => {
    const query = { channel: bot.channel, limit: String(LOOK_BACK), include_all_metadata: "true" }
    const form = "application/x-www-form-urlencoded"
    const args = new URLSearchParams(query).toString()
    const answer = await call(post, "conversations.history", args, form).catch(() => null)
    return answer?.ok === true ? threadIn(answer.body.messages, told) : null
  }

  const say = (post: Post, message: Readonly<Record<string, unknown>>) =>
    call(post, "chat.postMessage", JSON.stringify(message), "application/json; charset=utf-8")

  const tell = async (story: Story, post: Post) => {
    const told = await toldOf(story)
    const thread = known.of(told) ?? (await find(post, told))
    if (thread?.deliveries.has(told.delivery)) return known.keep(told, thread.ts)
    const message = await messageOf(story, told, bot.channel, options)
    const { ts, opens } = { ts: thread?.ts ?? null, opens: story.opens }
    let answer = await say(
      post,
      ts === null ? message : { ...message, thread_ts: ts, reply_broadcast: opens },
    )
    const root = answer.error === "thread_not_found" ? null : ts
    if (ts !== null && root === null) answer = await say(post, message)
    if (!answer.ok) throw slackFailed(name, answer.error, answer.retryAfterMs)
    known.keep(told, root ?? tsOf(answer))
  }

  return async (events, post) => {
    for (const story of storiesOf(events)) await tell(story, post)
  }
}

/** What a message is about, without a name that a caller chose: metadata is read by other apps too. */
const toldOf = async ({ incident, events }: Story): Promise<Told> => ({
  incident: await digestOf(incident ?? events[0]?.id ?? ""),
  delivery: await deliveryIdOf(events),
})

const messageOf = async (story: Story, told: Told, channel: string, options: SlackWords) => ({
  channel,
  ...(await slackWordsFor(story.events, options)),
  metadata: { event_type: METADATA_TYPE, event_payload: told },
  unfurl_links: false,
  unfurl_media: false,
})

const tsOf = ({ body }: ApiAnswer): string => (typeof body.ts === "string" ? body.ts : "")
