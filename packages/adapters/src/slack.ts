/**
 * A notifier that writes to a channel of Slack.
 *
 * @module
 */
export {
  type SlackBotOptions,
  type SlackOptions,
  type SlackWebhookOptions,
  slack,
} from "./notify/slack/slack.ts"
