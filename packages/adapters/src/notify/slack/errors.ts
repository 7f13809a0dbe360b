import { NotifyFailed } from "@spendfuse/core"
import type { Answer } from "../post.ts"

/** What only a person can mend: the message is a dead letter at once. */
const FINAL: ReadonlySet<string> = new Set(
  `access_denied account_inactive action_prohibited cannot_reply_to_message channel_is_archived
  channel_not_found duplicate_channel_not_found ekm_access_denied enterprise_is_restricted invalid_arg_name
  invalid_arguments invalid_auth invalid_blocks invalid_blocks_format invalid_metadata_format
  invalid_metadata_schema invalid_payload invalid_token is_archived messages_tab_disabled
  metadata_must_be_sent_from_app metadata_too_large method_deprecated missing_scope msg_blocks_too_long
  msg_too_long no_active_hooks no_permission no_service no_team no_text not_allowed_token_type not_authed
  not_in_channel org_login_required posting_to_general_channel_denied restricted_action
  restricted_action_non_threadable_channel restricted_action_read_only_channel
  restricted_action_thread_locked restricted_action_thread_only_channel team_access_not_granted
  team_disabled token_expired token_revoked too_many_attachments two_factor_setup_required user_not_found`.split(
    /\s+/,
  ),
)

/** What passes by itself. */
const PASSING: ReadonlySet<string> = new Set(
  `accesslimited external_channel_migrating fatal_error internal_error message_limit_exceeded
  rate_limited ratelimited request_timeout rollup_error service_unavailable team_added_to_org
  thread_not_found`.split(/\s+/),
)

/** Slack's word for a failure where it is one of the known ones; nothing else of an answer is repeated. */
export const slackWordOf = ({ text }: Answer): string | null => {
  const word = text.trim()
  return FINAL.has(word) || PASSING.has(word) ? word : null
}

/** What the Web API answered: always a status of 200, and `ok` or a word. */
export interface ApiAnswer {
  readonly ok: boolean
  /** A known word for the failure, or `unknown_error`; empty where it is ok. */
  readonly error: string
  readonly body: Readonly<Record<string, unknown>>
}

/** Reads an answer of the Web API; one that is no JSON object is a failure. */
export const apiAnswerOf = (answer: Answer): ApiAnswer => {
  const body = objectOf(answer.text)
  if (body.ok === true) return { ok: true, error: "", body }
  const word = typeof body.error === "string" ? body.error : ""
  return { ok: false, error: FINAL.has(word) || PASSING.has(word) ? word : "unknown_error", body }
}

/** The failure for a word: a word that is not known is tried again, for a dead letter would be too soon. */
export const slackFailed = (
  name: string,
  error: string,
  retryAfterMs: number | null,
): NotifyFailed =>
  new NotifyFailed(name, {
    retryable: !FINAL.has(error),
    detail: `slack says ${error}`,
    ...(retryAfterMs !== null && { retryAfterMs }),
  })

const objectOf = (text: string): Readonly<Record<string, unknown>> => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
