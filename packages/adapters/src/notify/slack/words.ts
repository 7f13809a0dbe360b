import type { DomainEvent } from "@spendfuse/core"
import type { WordsOptions } from "../words/message.ts"
import { linksFor, wordsFor } from "../words/words.ts"
import { buttonValueOf } from "./acknowledgeButton.ts"
import { type SlackMessage, slackMessageOf } from "./blocks.ts"

/** What decides how a message of Slack's looks. */
export interface SlackWords extends WordsOptions {
  /**
   * Messages that need a person have a button that acknowledges: the app must hand its presses to `slackActions`.
   * False unless given.
   */
  readonly interactive?: boolean
}

/** The message of some events, with its links and its button. */
export const slackWordsFor = async (
  events: readonly DomainEvent[],
  options: SlackWords,
): Promise<SlackMessage> => {
  const words = wordsFor(events, options)
  const { severity, state } = words
  const links = await linksFor(events, severity, options.links)
  const button = options.interactive === true ? buttonValueOf(events, severity, state) : null
  return slackMessageOf(words, links, button)
}
