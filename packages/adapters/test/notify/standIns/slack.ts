import { listen, type Received, type Reply } from "./listen.ts"
import { checkerOf } from "./schema.ts"
import { POST_MESSAGE_SCHEMA, WEBHOOK_SCHEMA } from "./slackSchema.ts"

/** A message that a channel holds. */
export interface Posted {
  readonly ts: string
  readonly text: string
  readonly blocks: readonly { readonly type: string }[]
  readonly thread_ts?: string
  readonly reply_broadcast?: boolean
  readonly metadata?: unknown
}

/** One workspace with one channel. */
export interface SlackStandIn {
  readonly url: string
  readonly channel: string
  readonly posted: Posted[]
  /** What it was asked, in order: `chat.postMessage`, `conversations.history`, `webhook`. */
  readonly calls: string[]
}

export const TOKEN = "xoxb-123456789012-aBcDeFgHiJkLmNoPqRsTuVwX"
export const HOOK_PATH = "/services/T0123456/B0123456/aBcDeFgHiJkLmNoPqRsTuVwX"

const checkHook = checkerOf(WEBHOOK_SCHEMA)
const checkPost = checkerOf(POST_MESSAGE_SCHEMA)

/**
 * Slack's two ways in, held to their contracts: a body that breaks one is refused with the reason.
 *
 * @param before answers in its place, or hands on what it would answer itself
 */
export const startSlack = async (
  before: (method: string, usual: () => Reply) => Reply = (_, usual) => usual(),
): Promise<SlackStandIn> => {
  const posted: Posted[] = []
  const calls: string[] = []
  const channel = "C0123456789"
  const url = await listen((received) => {
    const method = received.path === HOOK_PATH ? "webhook" : received.path.replace("/api/", "")
    calls.push(method)
    return before(method, () => {
      if (method === "webhook") return hook(received, posted)
      if (received.headers.authorization !== `Bearer ${TOKEN}`) return failed("invalid_auth")
      if (method === "conversations.history") return history(received, posted, channel)
      return method === "chat.postMessage"
        ? post(received, posted, channel)
        : failed("unknown_method")
    })
  })
  return { url, channel, posted, calls }
}

const failed = (error: string): Reply => ok({ ok: false, error })
const ok = (body: unknown): Reply => ({ status: 200, body: JSON.stringify(body) })
const tsOf = (posted: readonly Posted[]): string =>
  `17684724${String(posted.length).padStart(2, "0")}.000100`

const hook = ({ body, headers }: Received, posted: Posted[]): Reply => {
  const message = JSON.parse(body) as Posted
  const wrong = headers["content-type"]?.startsWith("application/json")
    ? checkHook(message)
    : "content type"
  if (wrong !== null) throw new Error(`the webhook's body: ${wrong}`)
  posted.push({ ...message, ts: tsOf(posted) })
  return { status: 200, body: "ok" }
}

const post = ({ body }: Received, posted: Posted[], channel: string): Reply => {
  const message = JSON.parse(body) as Posted & { readonly channel: string }
  const wrong = checkPost(message)
  if (wrong !== null) throw new Error(`the body of chat.postMessage: ${wrong}`)
  if (message.channel !== channel) return failed("channel_not_found")
  const root = message.thread_ts
  if (root !== undefined && !posted.some(({ ts }) => ts === root)) return failed("thread_not_found")
  const ts = tsOf(posted)
  posted.push({ ...message, ts })
  return ok({ ok: true, channel, ts, message })
}

/** Newest first; answers in threads only where they were told to the channel too. */
const history = (
  { body, headers }: Received,
  posted: readonly Posted[],
  channel: string,
): Reply => {
  if (headers["content-type"] !== "application/x-www-form-urlencoded")
    return failed("invalid_form_data")
  const query = new URLSearchParams(body)
  if (query.get("channel") !== channel) return failed("channel_not_found")
  const shown = posted.filter(
    ({ thread_ts, reply_broadcast }) => thread_ts === undefined || reply_broadcast === true,
  )
  const messages = shown.toReversed().slice(0, Number(query.get("limit")))
  const isAsked = query.get("include_all_metadata") === "true"
  return ok({
    ok: true,
    messages: isAsked ? messages : messages.map(({ metadata: _, ...rest }) => rest),
    has_more: shown.length > messages.length,
  })
}
