import type { JSX } from "preact"
import { useState } from "preact/hooks"
import type { Api } from "./api.ts"
import { CommandForm } from "./command.tsx"
import type { Detail, Me, Outcome, Unit } from "./views.ts"
import { amountOf, amountText, clockText, fieldText } from "./words.ts"

/** A person has seen it: the amount that was shown, and how much more may be spent. */
export const AcknowledgeForm = ({
  api,
  me,
  detail,
  atMs,
  onDone,
}: {
  readonly api: Api
  readonly me: Me
  readonly detail: Detail
  readonly atMs: number
  readonly onDone: () => void
}): JSX.Element => {
  const { key, circuit, generation, settled, held, level, limit, cap, unit } = detail
  const [isStep, setStep] = useState(true)
  const [allow, setAllow] = useState(fieldText(stepOf(Number(limit), unit), unit))
  if (circuit === "closed" && (cap === null || Number(level) < Number(cap)))
    return <p class="quiet">There is nothing to acknowledge.</p>
  const upTo = Math.max(Number(settled) + Number(held), Number(level))
  const body = (): object | string => {
    const seen = { account: key, generation, upTo: String(upTo) }
    if (!isStep) return seen
    const amount = amountOf(allow, unit)
    return amount === undefined
      ? `Write the step as ${unit === "usd" ? "dollars, such as 0.50" : `a number of ${unit}`}.`
      : { ...seen, allow: String(amount) }
  }
  return (
    <section aria-labelledby="acknowledge">
      <h3 id="acknowledge">Acknowledge</h3>
      <p>
        You have seen <strong>{amountText(upTo, unit)}</strong> spent and held at {clockText(atMs)}.
        What comes after that asks again.
      </p>
      <CommandForm
        {...{ api, me, body, onDone }}
        path="acknowledge"
        verb="Acknowledge"
        said={saidOf}
      >
        <fieldset>
          <legend>It may then spend</legend>
          <label class="choice">
            <input type="radio" name="how" checked={isStep} onChange={() => setStep(true)} />
            <span>a step more, then ask again</span>
          </label>
          {isStep && (
            <label class="step">
              Step in {unit === "usd" ? "dollars" : unit}
              <input
                inputMode={unit === "usd" ? "decimal" : "numeric"}
                required
                value={allow}
                onInput={({ currentTarget }) => setAllow(currentTarget.value)}
              />
            </label>
          )}
          <label class="choice">
            <input type="radio" name="how" checked={!isStep} onChange={() => setStep(false)} />
            <span>up to the next level</span>
          </label>
        </fieldset>
      </CommandForm>
    </section>
  )
}

/** A tenth of the limit, in whole cents where that is one. */
const stepOf = (limit: number, unit: Unit): number => {
  const step = Math.max(1, Math.floor(limit / 10))
  const cent = unit === "usd" ? 10_000_000 : 1
  return step > cent ? step - (step % cent) : step
}

const saidOf = ({ kind, replayed, said = "Nothing was changed." }: Outcome): string => {
  if (kind === "acknowledged")
    return replayed === true
      ? "It was acknowledged before: it counts once."
      : "Acknowledged. The audit has your name and reason."
  return kind === "later-generation" ? `${said} Close this and look again.` : said
}
