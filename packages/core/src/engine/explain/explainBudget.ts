import { termsOf } from "../../domain/compile.ts"
import type { Budget, Policy } from "../../domain/policy.ts"
import { PLATFORM } from "../../domain/subject.ts"
import type { Terms, TierTerms } from "../../domain/terms.ts"
import { DAY_MS, type DurationMs, HOUR_MS, MINUTE_MS, SECOND_MS } from "../../domain/time.ts"
import type { Window } from "../../domain/window.ts"
import { amountText } from "./explainDecision.ts"
import { capAtStart, unnamed } from "./payers.ts"

/** What a budget, its tiers and its circuit do, in plain words; one sentence each. */
export const explainBudget = (policy: Policy, budget: Budget): readonly string[] => {
  const terms = termsOf(policy, budget, unnamed(budget))
  const text = (amount: number): string => amountText(amount, budget.unit)
  return [
    `${whoText(budget)} may use ${text(budget.limit)} ${windowText(budget.window)}${matchText(budget)}.`,
    ...(budget.rule === undefined
      ? []
      : [`It binds only the requests that rule ${budget.rule} adds it to.`]),
    ...meetingText(budget.window),
    ...overridesText(budget, text),
    ...(budget.observe === true
      ? ["It only observes: nothing is refused, and it says once what it would have refused."]
      : []),
    capText(terms, text),
    ...terms.tiers.map((tier) => tierText(tier, budget.window, text)),
    ...(terms.tiers.some(({ effect }) => effect?.kind === "trip")
      ? [
          `A cool-down that ends gives nothing back: what is used stays used ${endText(budget.window, "it")}.`,
        ]
      : []),
    ...missingText(budget),
    ...leaseText(budget, terms, text),
  ]
}

/** How late a host that decides by itself may hear: by money, and by time. */
const leaseText = (
  { lease }: Budget,
  terms: Terms,
  text: (amount: number) => string,
): readonly string[] => {
  if (lease === undefined) return []
  const slice = text(Math.floor((terms.limit / 100) * lease.sharePercent))
  const life = durationText(lease.forMs)
  const beat = durationText(Math.ceil(lease.forMs / 4))
  return [
    `Leased: each host holds a slice of at most ${slice} of it for ${life}, and decides by itself while that lasts.`,
    `What is spent on slices is told each ${beat}: a tier is heard at most one slice of each host late, and a latch or a switch may still let through what the slices hold, ${slice} for each host, for ${beat} at most.`,
    "A host that dies leaves its slice held for that life; then what it held counts as spent.",
  ]
}

const isEverybody = ({ per }: Budget): boolean => per.every((dimension) => dimension === PLATFORM)

const whoText = (budget: Budget): string =>
  isEverybody(budget) ? "Everybody together" : `Each ${budget.per.join(" and ")}`

const missingText = (budget: Budget): readonly string[] => {
  if (isEverybody(budget)) return []
  const what = budget.whenMissing === "skip" ? "not counted here" : "an error"
  return [`A request without ${budget.per.join(" or ")} is ${what}.`]
}

const matchText = ({ match }: Budget): string => {
  const parts = [
    match?.model === undefined ? "" : ` for models ${match.model.join(", ")}`,
    match?.provider === undefined ? "" : ` of providers ${match.provider.join(", ")}`,
  ]
  return parts.join("")
}

const meetingText = (window: Window): readonly string[] => {
  switch (window.kind) {
    case "hour":
      return ["Around a full hour two periods meet: any 60 minutes can hold up to twice the cap."]
    case "sliding":
      return ["No interval of that length ever holds more than the cap."]
    case "lifetime":
      return ["A fresh value is a fresh budget: only what it shares with others bounds them all."]
    default:
      return []
  }
}

const overridesText = (budget: Budget, text: (amount: number) => string): readonly string[] => {
  const limits = [...(budget.overrides?.values() ?? [])]
  if (limits.length === 0) return []
  const who =
    limits.length === 1 ? "1 has a limit of its own" : `${limits.length} have limits of their own`
  return [`Of these, ${who}, at most ${text(limits.reduce((a, b) => Math.max(a, b)))}.`]
}

const capText = (terms: Terms, text: (amount: number) => string): string => {
  const cap = capAtStart(terms)
  if (cap === null) return "No tier blocks: it has no cap, only tells, and bounds nothing."
  if (cap === terms.limit) return `Its cap is ${text(cap)}, the limit.`
  return `Its cap is ${text(cap)}, ${timesText(cap / terms.limit)} the limit.`
}

const timesText = (times: number): string => {
  if (times === 2) return "twice"
  return `${Number(times.toPrecision(4))} times`
}

const tierText = (tier: TierTerms, window: Window, text: (amount: number) => string): string => {
  const what: string[] = []
  if (tier.notify.length > 0) what.push(`tells ${toldText(tier)}`)
  if (tier.degrade !== null)
    what.push(`admits only what comes by fallback ${tier.degrade.join(" or ")}`)
  if (tier.effect?.kind === "block") what.push(`refuses ${endText(window, "enough of it")}`)
  if (tier.effect?.kind === "latch") what.push("refuses until a person acknowledges")
  if (tier.effect?.kind === "trip") what.push(tripText(tier.effect, text))
  const percent = tier.percent === null ? "" : ` (${tier.percent} %)`
  const again = tier.repeat > 0 ? `, and again each further ${text(tier.repeat)}` : ""
  return `At ${text(tier.at)}${percent}${again}: ${what.join("; ")}.`
}

/** Until when what was used counts. */
const endText = (window: Window, what: string): string => {
  if (window.kind === "sliding")
    return `until ${what} is older than ${durationText(window.lengthMs)}`
  return window.kind === "lifetime" ? "until it is forgotten" : "until the period ends"
}

const toldText = ({ notify, escalateAfterMs }: TierTerms): string =>
  escalateAfterMs === 0
    ? notify.join(", ")
    : `${notify.join(", then ")}, each ${durationText(escalateAfterMs)} after the one before until a person acknowledges`

const tripText = (
  { coolDownMs, maxCoolDownMs, probation }: Extract<TierTerms["effect"], { kind: "trip" }>,
  text: (amount: number) => string,
): string => {
  const head = `opens the circuit for ${durationText(coolDownMs)}`
  if (probation === null) return `${head}, then closes it`
  return `${head}, then allows ${text(probation.allow)} more for ${durationText(probation.forMs)} on probation; used up, it opens for twice as long, at most ${durationText(maxCoolDownMs)}`
}

const windowText = (window: Window): string => {
  switch (window.kind) {
    case "hour":
    case "day":
      return `per calendar ${window.kind} in ${window.timeZone}`
    case "week":
      return `per week from ${WEEKDAYS[window.startsOn - 1]} in ${window.timeZone}`
    case "month":
      return `per month${window.startsOn === 1 ? "" : ` from day ${window.startsOn}`} in ${window.timeZone}`
    case "fixed":
      return `every ${durationText(window.everyMs)}, counted from ${new Date(window.anchorMs).toISOString()}`
    case "sliding":
      return `in any ${durationText(window.lengthMs)}`
    case "lifetime":
      return `for its lifetime, forgotten after ${durationText(window.idleMs)} without use`
  }
}

const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

/** `1h30m`, as people write it. */
export const durationText = (ms: DurationMs): string => {
  let rest = ms
  let text = ""
  for (const [unit, length] of UNITS) {
    const count = Math.floor(rest / length)
    if (count > 0) text += `${count}${unit}`
    rest -= count * length
  }
  return text === "" ? "0s" : text
}

const UNITS = [
  ["d", DAY_MS],
  ["h", HOUR_MS],
  ["m", MINUTE_MS],
  ["s", SECOND_MS],
  ["ms", 1],
] as const
