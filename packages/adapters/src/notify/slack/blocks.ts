import type { Link, Message } from "../words/message.ts"
import { ACKNOWLEDGE_ACTION } from "./acknowledgeButton.ts"
import { slackLines, slackText } from "./text.ts"

/** A message as Slack takes it: the text for phones and screen readers, the blocks for the channel. */
export interface SlackMessage {
  readonly text: string
  readonly blocks: readonly Block[]
}

type Block = Readonly<Record<string, unknown>>

const HEADER_MAX = 150
const SECTION_MAX = 3_000
const FIELD_MAX = 2_000
const FIELDS_MAX = 10
const TEXT_MAX = 1_000
const BUTTON_MAX = 75

const MARKS = { critical: "🔴", error: "🟠", warning: "🟡", info: "🔵" } as const

/**
 * Block Kit within its limits: a header, the policy's note and what to do, at most ten facts, the events where
 * there are several, and buttons that open links. `verbatim` keeps names and URLs of callers plain text.
 *
 * @param acknowledge the value of a button that Slack tells the app of when it is pressed; null for none
 */
export const slackMessageOf = (
  message: Message,
  links: readonly Link[],
  acknowledge: string | null = null,
): SlackMessage => {
  const { title, note, todo, facts, lines } = message
  const buttons = [
    ...(acknowledge === null ? [] : [acknowledgeButton(acknowledge)]),
    ...links.map(buttonOf),
  ]
  const mark = message.state === "over" ? "🟢" : MARKS[message.severity]
  const words = [note, todo].filter((part) => part !== "")
  return {
    text: slackText([`${mark} ${title}`, ...words].join("\n"), TEXT_MAX),
    blocks: [
      { type: "header", text: plain(`${mark} ${title}`, HEADER_MAX) },
      ...(words.length === 0 ? [] : [section(slackText(words.join("\n"), SECTION_MAX))]),
      ...(facts.length === 0
        ? []
        : [{ type: "section", fields: facts.slice(0, FIELDS_MAX).map(fieldOf) }]),
      ...(lines.length < 2 ? [] : [section(slackLines(lines, SECTION_MAX))]),
      ...(buttons.length === 0 ? [] : [{ type: "actions", elements: buttons }]),
    ],
  }
}

const plain = (text: string, max: number): Block => ({
  type: "plain_text",
  text: slackText(text, max),
  emoji: false,
})

const markdown = (text: string): Block => ({ type: "mrkdwn", text, verbatim: true })

const section = (text: string): Block => ({ type: "section", text: markdown(text) })

const fieldOf = ({ name, text }: Message["facts"][number]): Block =>
  markdown(`*${slackText(name, 100)}*\n${slackText(text, FIELD_MAX - 110)}`)

const buttonOf = ({ text, href }: Link, at: number): Block => ({
  type: "button",
  action_id: `spendfuse_link_${at}`,
  text: plain(text, BUTTON_MAX),
  url: href,
})

const acknowledgeButton = (value: string): Block => ({
  type: "button",
  action_id: ACKNOWLEDGE_ACTION,
  text: plain("Acknowledge", BUTTON_MAX),
  style: "primary",
  value,
})
