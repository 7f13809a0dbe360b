/** Block Kit as its reference states it, as far as the notifier uses it: what is required, and how long it may be. */
const textOf = (type: "plain_text" | "mrkdwn", max: number) => ({
  type: "object",
  required: ["type", "text"],
  additionalProperties: false,
  properties: {
    type: { const: type },
    text: { type: "string", minLength: 1, maxLength: max },
    ...(type === "plain_text" ? { emoji: { type: "boolean" } } : { verbatim: { const: true } }),
  },
})

const button = {
  type: "object",
  required: ["type", "text", "action_id", "url"],
  additionalProperties: false,
  properties: {
    type: { const: "button" },
    text: textOf("plain_text", 75),
    action_id: { type: "string", minLength: 1, maxLength: 255 },
    url: { type: "string", pattern: "^https?://", maxLength: 3_000 },
  },
}

const block = {
  anyOf: [
    {
      type: "object",
      required: ["type", "text"],
      additionalProperties: false,
      properties: { type: { const: "header" }, text: textOf("plain_text", 150) },
    },
    {
      type: "object",
      required: ["type", "text"],
      additionalProperties: false,
      properties: { type: { const: "section" }, text: textOf("mrkdwn", 3_000) },
    },
    {
      type: "object",
      required: ["type", "fields"],
      additionalProperties: false,
      properties: {
        type: { const: "section" },
        fields: { type: "array", minItems: 1, maxItems: 10, items: textOf("mrkdwn", 2_000) },
      },
    },
    {
      type: "object",
      required: ["type", "elements"],
      additionalProperties: false,
      properties: {
        type: { const: "actions" },
        elements: { type: "array", minItems: 1, maxItems: 25, items: button },
      },
    },
  ],
}

const message = {
  text: { type: "string", minLength: 1, maxLength: 4_000 },
  blocks: { type: "array", minItems: 1, maxItems: 50, items: block },
  unfurl_links: { const: false },
  unfurl_media: { const: false },
}

/** The body of an incoming webhook. */
export const WEBHOOK_SCHEMA: object = {
  type: "object",
  required: ["text", "blocks"],
  additionalProperties: false,
  properties: message,
}

/** The body of `chat.postMessage`. */
export const POST_MESSAGE_SCHEMA: object = {
  type: "object",
  required: ["channel", "text", "blocks"],
  additionalProperties: false,
  properties: {
    ...message,
    channel: { type: "string", pattern: "^[CGD][A-Z0-9]+$" },
    thread_ts: { type: "string", pattern: "^\\d+\\.\\d{6}$" },
    reply_broadcast: { type: "boolean" },
    metadata: {
      type: "object",
      required: ["event_type", "event_payload"],
      additionalProperties: false,
      properties: {
        event_type: { type: "string", pattern: "^[A-Za-z0-9_.-]{1,255}$" },
        event_payload: { type: "object", additionalProperties: { type: "string" } },
      },
    },
  },
  dependencies: { reply_broadcast: ["thread_ts"] },
}
