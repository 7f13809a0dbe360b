import { CliError, type Io } from "../io.ts"
import { amountInWords, amountOf, flagText, smallStepOf } from "./amounts.ts"
import type { FoundAccount } from "./findAccount.ts"
import { type Asked, type Foreseen, foresee, shownOf } from "./foresee.ts"
import type { Judged } from "./judged.ts"

/** How far an acknowledgement goes: what it asks, and what that does. */
export interface Step {
  readonly asked: Asked
  readonly foreseen: Foreseen
}

/** The flags that say how far. */
export interface StepFlags {
  readonly generation?: string
  readonly upTo?: string
  readonly allow?: string
  readonly whole?: boolean
  readonly yes?: boolean
  readonly json?: boolean
}

/**
 * How far the acknowledgement is to go. Where nobody has said, the small step is proposed before the whole level:
 * on a terminal by a question.
 *
 * @throws CliError where nobody has said and nobody can be asked, or a flag cannot be used
 */
export const stepOf = async (
  io: Io,
  found: FoundAccount,
  judged: Judged,
  flags: StepFlags,
): Promise<Step> => {
  const { unit } = judged.terms
  if (flags.allow !== undefined && flags.whole === true)
    throw new CliError("`--allow` and `--whole` are two ways; give one")
  const shown = { ...shownOf(judged), ...givenBy(flags, judged) }
  const to = (allow: number | null): Step => {
    const asked = { ...shown, allow }
    return { asked, foreseen: foresee(found, judged, asked) }
  }
  if (flags.allow !== undefined) {
    if (judged.line === null) throw new CliError(NO_STEP)
    return to(amountOf("--allow", flags.allow, unit))
  }
  const whole = to(null)
  if (flags.whole === true || !isFurther(whole, judged) || judged.line === null) return whole
  return asked(io, judged, flags, whole, to)
}

const NO_STEP =
  "nothing was used in the current period, so that `--allow` has no meter; leave it out"

const givenBy = ({ generation, upTo }: StepFlags, { terms }: Judged): Partial<Asked> => {
  if (generation !== undefined && !/^\d{1,15}$/.test(generation))
    throw new CliError(
      `\`--generation ${generation.slice(0, 40)}\` is not one; give what the account showed`,
    )
  return {
    ...(generation !== undefined && { generation: Number(generation) }),
    ...(upTo !== undefined && { upTo: amountOf("--up-to", upTo, terms.unit) }),
  }
}

/** Whether the cap moves at all: where it does not, there is nothing to choose. */
const isFurther = ({ foreseen }: Step, { view }: Judged): boolean =>
  foreseen.outcome.kind === "acknowledged" && foreseen.after.cap > view.cap

const asked = async (
  io: Io,
  judged: Judged,
  flags: StepFlags,
  whole: Step,
  to: (allow: number) => Step,
): Promise<Step> => {
  const { unit, limit } = judged.terms
  const small = smallStepOf(limit, unit)
  const more = `${amountInWords(small, unit)} more, then it asks again`
  const level = wholeText(whole, judged)
  if (io.ask === null || flags.json === true || flags.yes === true)
    throw new CliError(
      `how much more? write \`--allow ${flagText(small, unit)}\` (${more}), or \`--whole\` (${level})`,
    )
  io.out(`How much more?\n  1  ${more} (proposed)\n  2  ${level}\n     or an amount\n`)
  const answer = (await io.ask("Choose [1]: ")).trim()
  if (answer === "" || answer === "1") return to(small)
  return answer === "2" ? whole : to(amountOf("your choice:", answer, unit))
}

const wholeText = ({ foreseen: { after } }: Step, { terms }: Judged): string =>
  Number.isFinite(after.cap)
    ? `${amountInWords(after.remaining, terms.unit)} more, a whole level: up to ${amountInWords(after.cap, terms.unit)}`
    : "no cap any more until the period ends"

/** What it does, in a sentence. */
export const stepText = ({ foreseen: { after } }: Step, judged: Judged): string => {
  const { view, terms } = judged
  const amount = (value: number): string => amountInWords(value, terms.unit)
  const closes = view.circuit === "closed" ? "leaves the circuit closed" : "closes the circuit"
  if (!Number.isFinite(after.cap))
    return view.cap === after.cap
      ? `${closes}; it has no cap`
      : `${closes}; no cap is left in this period`
  const cap =
    after.cap === view.cap
      ? `the cap stays ${amount(after.cap)}`
      : `the cap moves from ${amount(view.cap)} to ${amount(after.cap)}`
  return `${closes}; ${cap}, ${amount(after.remaining)} more can be spent`
}
