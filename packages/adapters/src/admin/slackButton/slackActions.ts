import type { AccountOf, Operated, Remaining, Spendfuse, Store } from "@spendfuse/core"
import { RequestFailed } from "@spendfuse/core"
import { type Macs, macsOf } from "../../http/mac.ts"
import { postOf } from "../../notify/post.ts"
import { secretUrl } from "../../notify/secretUrl.ts"
import { readButtonValue } from "../../notify/slack/acknowledgeButton.ts"
import { apiAnswerOf, slackFailed } from "../../notify/slack/errors.ts"
import { accountOf } from "../accounts.ts"
import { emptyAnswer, jsonAnswer, problemAnswer } from "../answer.ts"
import { lastSaid } from "../lastSaid.ts"
import { answerTo, Refusal } from "../refusal.ts"
import { askView, problemOf, readSubmitted, sayView } from "./modal.ts"
import {
  type Clicked,
  type Interaction,
  readRequest,
  type SlackUser,
  type Submitted,
} from "./slackRequest.ts"

/** Whose button it is. */
export interface SlackActionsOptions {
  readonly spendfuse: Spendfuse
  /** The store that `createSpendfuse` has: whoever comes late reads who was faster, and why. */
  readonly store?: Store
  /** The app's signing secrets, 16 characters or more each; several while they are rotated. */
  readonly signingSecrets: readonly string[]
  /** The app's bot token, `xoxb-…`: it opens the dialog that asks for a reason. */
  readonly token: string
  /** Who may acknowledge; whoever can press the button unless given. */
  readonly mayAcknowledge?: (user: SlackUser) => boolean | Promise<boolean>
  /** Another base URL than `https://slack.com/api`, for GovSlack or a test. */
  readonly apiUrl?: string
  /** What sends; the global one unless given. */
  readonly fetch?: typeof globalThis.fetch
  /** Hears what nobody foresaw, for the host's log. */
  readonly onError?: (error: unknown) => void
  readonly nowMs?: () => number
}

const SECRET_MIN = 16
/** Slack asks for an answer within three seconds. */
const WITHIN_MS = 2_500

/**
 * Hears the Acknowledge button of the messages that `slack({ …, interactive: true })` writes. A press opens a
 * dialog with what stands now, and its form acknowledges with the name of the Slack user and a reason. Pressed or
 * sent twice it counts once; pressed late it changes nothing, and says so.
 *
 * @returns the handler of the app's interactivity request URL; it never rejects
 * @throws TypeError where a secret or the token cannot be used; the error does not repeat it
 */
export const slackActions = (
  options: SlackActionsOptions,
): ((request: Request) => Promise<Response>) => {
  const { token, apiUrl = "https://slack.com/api" } = options
  if (typeof token !== "string" || !/^xox[a-z](\.xox[a-z])?-[\w.-]{4,500}$/.test(token))
    throw new TypeError("`token` must be a bot's token, `xoxb-…`")
  const serving: Serving = {
    ...options,
    apiUrl: secretUrl(apiUrl, "apiUrl").replace(/\/+$/, ""),
    macs: macsOf(options.signingSecrets, "signingSecrets", SECRET_MIN),
  }
  return async (request) => {
    try {
      return await answered(serving, request)
    } catch (error) {
      const answer = answerTo(error)
      if (answer.status >= 500) tell(options.onError, error)
      return answer
    }
  }
}

interface Serving extends SlackActionsOptions {
  readonly apiUrl: string
  readonly macs: Macs
}

const answered = async (serving: Serving, request: Request): Promise<Response> => {
  if (request.method !== "POST") return problemAnswer(405, "this takes POST", {}, { allow: "POST" })
  const { macs, nowMs = Date.now } = serving
  const asked: Interaction = await readRequest(request, macs, nowMs())
  switch (asked.kind) {
    case "other":
      return emptyAnswer({}, 200)
    case "clicked":
      return clicked(serving, asked)
    case "submitted":
      return submitted(serving, asked)
  }
}

const clicked = async (serving: Serving, { user, value, trigger }: Clicked): Promise<Response> => {
  const view = await viewFor(serving, user, value)
  await open(serving, trigger, view)
  return emptyAnswer({}, 200)
}

type View = Readonly<Record<string, unknown>>

const viewFor = async (serving: Serving, user: SlackUser, value: string): Promise<View> => {
  const { spendfuse, store, mayAcknowledge = () => true } = serving
  if (!(await mayAcknowledge(user))) return sayView(NOT_YOU)
  const button = readButtonValue(value)
  const found = button && accountOf(spendfuse, button.account)
  if (button === undefined || found === undefined) return sayView(NO_BUDGET)
  const account = await spendfuse.account(found)
  const late = async (text: string) => sayView(await withLast(store, text, account), account)
  if (account.generation > button.generation) return late(LATER)
  if (account.circuit === "closed" && account.level < account.cap) return late(NOTHING)
  return askView(button, account)
}

const NOT_YOU = "You may not acknowledge here. Nothing was changed."
const NO_BUDGET = "The policy has no such budget any more. Nothing was changed."
const LATER = "It has opened again since. Nothing was changed. Use the newest message."
const NOTHING = "Somebody has acknowledged it, or it is over. Nothing was changed."

/** Only ever to the configured API: a URL in what Slack sends is not looked at. */
const open = async (serving: Serving, trigger: string, view: View): Promise<void> => {
  const { apiUrl, token, fetch = globalThis.fetch.bind(globalThis) } = serving
  const post = postOf({ name: "slack", fetch, timeoutMs: WITHIN_MS }, new AbortController().signal)
  const answer = await post({
    url: `${apiUrl}/views.open`,
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json; charset=utf-8",
    },
    body: JSON.stringify({ trigger_id: trigger, view }),
  })
  const { ok, error } = apiAnswerOf(answer)
  if (!ok) throw slackFailed("slack", error, answer.retryAfterMs)
}

const submitted = async (serving: Serving, asked: Submitted): Promise<Response> => {
  const { spendfuse, mayAcknowledge = () => true } = serving
  const read = readSubmitted(asked)
  if (read === undefined) throw new Refusal(400, "the dialog is none of these")
  const problem = problemOf(read.reason)
  if (problem !== null) return jsonAnswer({ response_action: "errors", errors: problem })
  if (!(await mayAcknowledge(asked.user))) return update(NOT_YOU)
  const found = accountOf(spendfuse, read.account)
  if (found === undefined) return update(NO_BUDGET)
  const { said, account } = await acknowledged(serving, found, {
    ...read,
    by: `${asked.user.name} (${asked.user.id}) by Slack`,
    id: `slack:${asked.view}`,
  })
  return update(said, account)
}

const update = (text: string, account?: Remaining): Response =>
  jsonAnswer({ response_action: "update", view: sayView(text, account) })

interface Acknowledging {
  readonly generation: number
  readonly upTo: number
  readonly reason: string
  readonly by: string
  readonly id: string
}

const acknowledged = async (
  { spendfuse, store }: Serving,
  account: AccountOf,
  { generation, upTo, reason, by, id }: Acknowledging,
): Promise<{ readonly said: string; readonly account?: Remaining }> => {
  try {
    const outcome = await spendfuse.operator.acknowledge(account, {
      ...{ by, why: reason, id, generation, upTo },
    })
    const after = await spendfuse.account(account)
    const said = wordsOf(outcome)
    const isLate = outcome.kind !== "acknowledged"
    return { said: isLate ? await withLast(store, said, after) : said, account: after }
  } catch (error) {
    if (error instanceof RequestFailed && USED.has(error.error))
      return { said: "This was sent before, and counts once. Nothing was changed." }
    throw error
  }
}

/** Who comes late should not have to ask who was faster. */
const withLast = async (
  store: Store | undefined,
  text: string,
  { account }: Remaining,
): Promise<string> => `${text}\n${await lastSaid(store, account)}`.trimEnd()

const USED: ReadonlySet<string> = new Set(["conflict", "already-answered"])

const wordsOf = (outcome: Operated): string => {
  if (outcome.kind === "later-generation") return LATER
  if (outcome.kind !== "acknowledged") return NOTHING
  return outcome.replayed
    ? "This was sent before, and counts once."
    : "Acknowledged. The audit has your name and reason."
}

const tell = (onError: ((error: unknown) => void) | undefined, error: unknown): void => {
  try {
    onError?.(error)
  } catch {
    return
  }
}
