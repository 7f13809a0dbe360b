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

/** Slack tells the app of its presses. */
const actionButton = {
  type: "object",
  required: ["type", "text", "action_id", "value"],
  additionalProperties: false,
  properties: {
    type: { const: "button" },
    text: textOf("plain_text", 75),
    action_id: { type: "string", minLength: 1, maxLength: 255 },
    style: { enum: ["primary", "danger"] },
    value: { type: "string", minLength: 1, maxLength: 2_000 },
  },
}

const linkButton = {
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
        elements: {
          type: "array",
          minItems: 1,
          maxItems: 25,
          items: { anyOf: [linkButton, actionButton] },
        },
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

const sectionBlock = {
  type: "object",
  required: ["type", "text"],
  additionalProperties: false,
  properties: { type: { const: "section" }, text: textOf("plain_text", 3_000) },
}

const inputBlock = {
  type: "object",
  required: ["type", "block_id", "label", "element"],
  additionalProperties: false,
  properties: {
    type: { const: "input" },
    block_id: { type: "string", minLength: 1, maxLength: 255 },
    label: textOf("plain_text", 2_000),
    element: {
      type: "object",
      required: ["type", "action_id"],
      additionalProperties: false,
      properties: {
        type: { const: "plain_text_input" },
        action_id: { type: "string", minLength: 1, maxLength: 255 },
        multiline: { type: "boolean" },
        min_length: { type: "integer", minimum: 0, maximum: 3_000 },
        max_length: { type: "integer", minimum: 1, maximum: 3_000 },
      },
    },
  },
}

const blocksOf = (kinds: readonly object[]) => ({
  type: "array",
  minItems: 1,
  maxItems: 100,
  items: { anyOf: kinds },
})

const view = {
  type: { const: "modal" },
  callback_id: { type: "string", minLength: 1, maxLength: 255 },
  private_metadata: { type: "string", maxLength: 3_000 },
  title: textOf("plain_text", 24),
  submit: textOf("plain_text", 24),
  close: textOf("plain_text", 24),
}

/** A modal view; one with an input must have a button that sends it. */
export const MODAL_SCHEMA: object = {
  anyOf: [
    {
      type: "object",
      required: ["type", "title", "blocks"],
      additionalProperties: false,
      properties: { ...view, blocks: blocksOf([sectionBlock]) },
    },
    {
      type: "object",
      required: ["type", "title", "blocks", "submit"],
      additionalProperties: false,
      properties: { ...view, blocks: blocksOf([sectionBlock, inputBlock]) },
    },
  ],
}
