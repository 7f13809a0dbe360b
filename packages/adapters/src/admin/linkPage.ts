import type { Remaining } from "@spendfuse/core"
import { amountText } from "@spendfuse/core"
import { shown } from "../notify/words/clean.ts"
import { namesOf } from "../notify/words/sentences.ts"
import { escaped, page } from "./html.ts"

/** What a form was filled with, so that a person need not write it again. */
export interface Filled {
  readonly name: string
  readonly reason: string
}

/** What the page of a link is made of. */
export interface LinkPage {
  readonly account: Remaining
  readonly token: string
  /** Where the form is sent: a path, without the token. */
  readonly action: string
  readonly filled: Filled
  /** What is wrong with what was filled in; null where nothing is. */
  readonly problem: string | null
}

export const NAME_MAX = 80
export const REASON_MAX = 500

/** The page that asks a person: what stands now, and a form of a name and a reason. Sending it acknowledges. */
export const askPage = ({
  account,
  token,
  action,
  filled,
  problem,
}: LinkPage): Promise<Response> => {
  const { budget, who } = namesOf(account.account)
  const alert = problem === null ? "" : `<p role="alert" id="problem">${escaped(problem)}</p>\n`
  const described = problem === null ? "" : ' aria-describedby="problem" aria-invalid="true"'
  const upTo = Math.max(account.settled + account.held, account.level)
  return page(
    `Acknowledge ${budget} of ${who}`,
    `${factsOf(account)}
<p>Acknowledging lets it spend on, up to the next level. Fix the cause first.</p>
${alert}<form method="post" action="${escaped(action)}">
<input type="hidden" name="token" value="${escaped(token)}">
<input type="hidden" name="upTo" value="${upTo}">
<label for="name">Your name</label>
<input id="name" name="name" required maxlength="${NAME_MAX}" autocomplete="name" value="${escaped(filled.name)}"${described}>
<label for="reason">Reason</label>
<textarea id="reason" name="reason" required maxlength="${REASON_MAX}" rows="3"${described}>${escaped(filled.reason)}</textarea>
<button type="submit">Acknowledge</button>
</form>`,
    problem === null ? 200 : 422,
  )
}

/** The page that says how things are, with no form. */
export const sayPage = (
  title: string,
  text: string,
  options: {
    readonly status?: number
    readonly account?: Remaining
    /** Who did what last, where that is known. */
    readonly last?: string
  } = {},
): Promise<Response> => {
  const { account, last = "" } = options
  const said = last === "" ? "" : `\n<p>${escaped(last)}</p>`
  const facts = account === undefined ? "" : `\n${factsOf(account)}`
  return page(title, `<p>${escaped(text)}</p>${said}${facts}`, options.status)
}

const STATES = {
  closed: "closed: calls pass as far as the money goes",
  open: "open: calls are refused until it has cooled down",
  "half-open": "half-open: a few calls are tried",
  latched: "latched: calls are refused until a person acknowledges",
}

const factsOf = (account: Remaining): string => {
  const { settled, held, limit, cap, unit, circuit, untilMs } = account
  const facts: readonly (readonly [string, string])[] = [
    ["Account", shown(account.account, 300)],
    ["Circuit", STATES[circuit]],
    ...(untilMs === null ? [] : [["Until", new Date(untilMs).toISOString()] as const]),
    ["Settled", `${amountText(settled, unit)} of ${amountText(limit, unit)}`],
    ["Held", amountText(held, unit)],
    ["Cap", amountText(cap, unit)],
  ]
  const items = facts.map(([name, text]) => `<dt>${escaped(name)}</dt><dd>${escaped(text)}</dd>`)
  return `<dl>\n${items.join("\n")}\n</dl>`
}
