/**
 * The operator's hand over HTTP: an admin API with a console, signed links to acknowledge, PagerDuty's webhook and
 * Slack's button. Web standards only: each is a function from a Request to a Response that any host can mount.
 *
 * @module
 */

export { type AdminOptions, adminApi } from "./admin/adminApi.ts"
export type { Auth, Credential } from "./admin/auth.ts"
export { type BearerToken, bearerTokens } from "./admin/bearerTokens.ts"
export { decodeKey, encodeKey } from "./admin/keyText.ts"
export {
  type AcknowledgeLinks,
  type AcknowledgeLinksOptions,
  acknowledgeLinks,
} from "./admin/links.ts"
export { type PagerdutyWebhookOptions, pagerdutyWebhook } from "./admin/pagerdutyWebhook.ts"
export { type SlackActionsOptions, slackActions } from "./admin/slackButton/slackActions.ts"
export type { SlackUser } from "./admin/slackButton/slackRequest.ts"
