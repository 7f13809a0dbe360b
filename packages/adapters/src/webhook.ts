/**
 * A notifier that posts signed JSON to a URL of the host's.
 *
 * @module
 */
export { type WebhookOptions, webhook } from "./notify/webhook/webhook.ts"
