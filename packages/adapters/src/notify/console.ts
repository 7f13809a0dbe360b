import type { Notifier } from "@spendfuse/core"
import { eventJson } from "./eventJson.ts"
import { describe, writtenOut } from "./words/oneLine.ts"

/** How a console notifier is named, what it writes, and where. */
export interface ConsoleNotifierOptions {
  /** For logs; `console` unless given. */
  readonly name?: string
  /** Where lines go; `console.warn` unless given. */
  readonly write?: (line: string) => void
  /** `"text"` for people, the default; `"json"` for collectors of logs: one object per line, with `channel`. */
  readonly format?: "text" | "json"
}

/**
 * Writes each event as one line: what happened, how much of what, until when.
 *
 * @example createSpendfuse({ …, notifiers: { slack: consoleNotifier({ name: "slack" }) } })
 */
export const consoleNotifier = (options: ConsoleNotifierOptions = {}): Notifier => {
  const { name = "console", format = "text" } = options
  const { write = (line: string) => console.warn(line) } = options
  return {
    name,
    deliver: async (events) => {
      for (const event of events)
        write(
          format === "json"
            ? writtenOut(JSON.stringify({ channel: name, ...eventJson(event) }))
            : `[${name}] ${describe(event)}`,
        )
    },
  }
}
