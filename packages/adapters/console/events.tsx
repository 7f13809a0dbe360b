import type { JSX } from "preact"
import { useState } from "preact/hooks"
import type { LoggedEvent } from "./views.ts"
import { clockText, name } from "./words.ts"

const SHOWN = 20

/** What happened, newest first. It is no live region: in an incident nobody could hear anything else. */
export const Events = ({ events }: { readonly events: readonly LoggedEvent[] }): JSX.Element => {
  const [count, setCount] = useState(SHOWN)
  return (
    <section aria-labelledby="events">
      <h2 id="events">Events</h2>
      {events.length === 0 && <p class="quiet">None yet.</p>}
      <ol class="log">
        {events.slice(0, count).map((event) => (
          <li key={event.id} class={severityOf(event)}>
            <time dateTime={new Date(event.atMs).toISOString()}>{clockText(event.atMs)}</time>{" "}
            {eventText(event)}
          </li>
        ))}
      </ol>
      {events.length > count && (
        <button type="button" onClick={() => setCount(count + SHOWN)}>
          Show older ones
        </button>
      )}
    </section>
  )
}

/** An event in a sentence, or by its kind where the server is older than that. */
export const eventText = ({ text, kind, account }: LoggedEvent): string =>
  name(text ?? `${kind} ${account ?? ""}`, 300)

const SEVERITIES: ReadonlySet<string> = new Set(["critical", "error", "warning", "info"])

const severityOf = ({ severity = "info" }: LoggedEvent): string =>
  SEVERITIES.has(severity) ? severity : "info"
