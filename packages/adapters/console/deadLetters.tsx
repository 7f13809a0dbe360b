import type { JSX } from "preact"
import { useState } from "preact/hooks"
import { type Api, Problem } from "./api.ts"
import { eventText } from "./events.tsx"
import type { DeadLetter, Me } from "./views.ts"
import { name, timeText } from "./words.ts"

/** What no try could deliver, and a way to try again. */
export const DeadLetters = ({
  api,
  me,
  letters,
  onDone,
}: {
  readonly api: Api
  readonly me: Me
  readonly letters: readonly DeadLetter[]
  readonly onDone: () => void
}): JSX.Element => {
  const [said, setSaid] = useState("")
  const [isBusy, setBusy] = useState(false)
  const resend = async (ids: readonly string[]): Promise<void> => {
    setBusy(true)
    try {
      const { resent } = await api.post<{ readonly resent: number }>("resend", { ids })
      setSaid(resent === 1 ? "1 is sent again." : `${resent} are sent again.`)
      onDone()
    } catch (error) {
      setSaid(Problem.of(error).message)
    }
    setBusy(false)
  }
  const mayResend = me.may === "operate"
  return (
    <section aria-labelledby="dead-letters">
      <h2 id="dead-letters">Not delivered</h2>
      <p role="status">{said}</p>
      {letters.length === 0 && said === "" && <p class="quiet">Everything was delivered.</p>}
      {letters.length > 1 && mayResend && (
        <button type="button" disabled={isBusy} onClick={() => resend(letters.map(({ id }) => id))}>
          Send all {letters.length} again
        </button>
      )}
      <ul class="log">
        {letters.map((letter) => (
          <li key={letter.id} class="error">
            <p>
              {name(letter.channel)}, {timeText(letter.createdAtMs)}: {eventText(letter.event)}
            </p>
            <p class="quiet">
              {letter.attempts} {letter.attempts === 1 ? "try" : "tries"}; {name(letter.why, 200)}
            </p>
            {mayResend && (
              <button type="button" disabled={isBusy} onClick={() => resend([letter.id])}>
                Send again
                <span class="unseen">
                  {" "}
                  by {`${name(letter.channel)}: ${eventText(letter.event)}`}
                </span>
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  )
}
