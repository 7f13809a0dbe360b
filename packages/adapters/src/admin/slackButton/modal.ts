import type { Remaining } from "@spendfuse/core"
import { amountText } from "@spendfuse/core"
import { ACKNOWLEDGE_ACTION, type ButtonOf } from "../../notify/slack/acknowledgeButton.ts"
import { slackText } from "../../notify/slack/text.ts"
import { shown } from "../../notify/words/clean.ts"
import { namesOf } from "../../notify/words/sentences.ts"
import type { Submitted } from "./slackRequest.ts"

type View = Readonly<Record<string, unknown>>

const REASON = "reason"
export const REASON_MAX = 500

/** The dialog that asks for a reason: what stands now, and what is acknowledged by sending it. */
export const askView = ({ account, generation }: ButtonOf, now: Remaining): View => {
  const { budget, who } = namesOf(account)
  const upTo = Math.max(now.settled + now.held, now.level)
  return {
    type: "modal",
    callback_id: ACKNOWLEDGE_ACTION,
    private_metadata: JSON.stringify([account, generation, upTo]),
    title: plain("Acknowledge", 24),
    submit: plain("Acknowledge", 24),
    close: plain("Cancel", 24),
    blocks: [
      section(`${budget} of ${who}\n${factsOf(now)}`),
      section("Acknowledging lets it spend on, up to the next level. Fix the cause first."),
      {
        type: "input",
        block_id: REASON,
        label: plain("Reason", 24),
        element: {
          type: "plain_text_input",
          action_id: REASON,
          multiline: true,
          min_length: 1,
          max_length: REASON_MAX,
        },
      },
    ],
  }
}

/** The dialog that says how things are. */
export const sayView = (text: string, now?: Remaining): View => ({
  type: "modal",
  title: plain("Acknowledge", 24),
  close: plain("Close", 24),
  blocks: [section(text), ...(now === undefined ? [] : [section(factsOf(now))])],
})

/** What a dialog that `askView` made was sent with; undefined where it made no such dialog. */
export const readSubmitted = ({
  metadata,
  values,
}: Submitted): (ButtonOf & { readonly upTo: number; readonly reason: string }) | undefined => {
  const [account, generation, upTo] = listOf(metadata)
  if (typeof account !== "string") return undefined
  if (!Number.isSafeInteger(generation) || !Number.isSafeInteger(upTo)) return undefined
  const written = fieldOf(fieldOf(fieldOf(values, REASON), REASON), "value")
  const reason = typeof written === "string" ? written.trim() : ""
  return { account, generation: Number(generation), upTo: Number(upTo), reason }
}

/** What is wrong with a reason, by the field that Slack shows it at; null where nothing is. */
export const problemOf = (reason: string): Readonly<Record<string, string>> | null =>
  reason === "" || reason.length > REASON_MAX
    ? { [REASON]: `Write the reason, ${REASON_MAX} characters at most.` }
    : null

const STATES = {
  closed: "closed",
  open: "open: calls are refused until it has cooled down",
  "half-open": "half-open: a few calls are tried",
  latched: "latched: calls are refused until a person acknowledges",
}

const factsOf = ({ settled, held, limit, cap, unit, circuit, untilMs }: Remaining): string =>
  [
    `Circuit: ${STATES[circuit]}${untilMs === null ? "" : `, ${new Date(untilMs).toISOString()}`}`,
    `Settled: ${amountText(settled, unit)} of ${amountText(limit, unit)}`,
    `Held: ${amountText(held, unit)}`,
    `Cap: ${amountText(cap, unit)}`,
  ].join("\n")

/** Plain text: what callers chose can neither mention nor link. */
const section = (text: string): View => ({ type: "section", text: plain(lines(text), 2_900) })

const lines = (text: string): string =>
  text
    .split("\n")
    .map((line) => shown(line, 400))
    .join("\n")

const plain = (text: string, max: number): View => ({
  type: "plain_text",
  text: slackText(text, max),
  emoji: false,
})

const listOf = (text: string): readonly unknown[] => {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value : []
  } catch {
    return []
  }
}

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined
