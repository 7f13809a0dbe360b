import type { DomainEvent } from "../../domain/event.ts"
import { eventName } from "../../domain/event.ts"
import type { Policy } from "../../domain/policy.ts"
import type { Amounts } from "../../domain/terms.ts"
import { MINUTE_MS, SECOND_MS } from "../../domain/time.ts"
import { amountText } from "../../engine/explain/explainDecision.ts"
import type { Moment } from "./moment.ts"
import type { CallStep, StoryStep } from "./story.ts"
import { World } from "./world.ts"

/** A story as a person would tell it: when, who, how much, what was let through, who was told of what. */
export const timelineOf = (policy: Policy, story: readonly StoryStep[]): string => {
  const world = new World(policy)
  return story
    .flatMap((step) => {
      const before = world.arrive(step)
      const moment = world.play({ ...step, after: NOW })
      return [
        ...before.map(eventText),
        `  ${instantText(moment.atMs)}  ${stepText(moment)}`,
        ...moment.events.slice(before.length).map(eventText),
      ]
    })
    .join("\n")
}

const NOW = { kind: "while", ms: 0 } as const

const stepText = (moment: Omit<Moment, "twin">): string => {
  const { step, outcome } = moment
  switch (step.kind) {
    case "call":
      return callText(step, moment)
    case "acknowledge": {
      const allow = step.allow === null ? "" : ", for a small step more"
      return `a person acknowledges ${step.budget} of ${subjectText(step.subject)}${allow}: ${outcome?.kind ?? "there is none"}`
    }
    case "trip":
      return `a person trips ${step.budget} of ${subjectText(step.subject)} for ${durationText(step.coolDownMs)}`
    case "outage":
      return `the store is silent for ${durationText(step.lastsMs)}`
    case "switch":
      return `a person turns ${step.dimension} ${step.value} ${step.state}`
  }
}

const callText = (step: CallStep, moment: Omit<Moment, "twin">): string => {
  const { request, ruling, spends } = moment
  const model = step.model === undefined ? "" : ` for ${step.model}`
  const head = `${subjectText(step.subject)} asks${model} for ${amountsText(request?.amounts)}`
  if (ruling === null) return `${head}: refused, the store is silent`
  if (!ruling.allowed) {
    const by = ruling.obstacles.map((one) => (one.kind === "line" ? one.account : one.switch))
    return `${head}: refused, ${ruling.reason} (${by.join(", ")})`
  }
  const end = step.isLost
    ? "nobody ever settles it"
    : `costs ${step.usesPercent} % of it after ${durationText(step.runsMs)}`
  const by = spends.at(-1)?.outage === null ? "let through" : "let through by its host alone"
  return `${head}: ${by}, ${end}`
}

const eventText = (event: DomainEvent): string => {
  const told = event.channels.length === 0 ? "" : `, told to ${event.channels.join(", ")}`
  return `      ${eventName(event)}${told}`
}

const subjectText = (subject: Readonly<Record<string, string>>): string =>
  Object.keys(subject).length === 0
    ? "somebody"
    : Object.entries(subject)
        .map(([name, value]) => `${name} ${value}`)
        .join(", ")

const amountsText = (amounts: Partial<Amounts> = {}): string => {
  const { usd = 0, tokens = 0 } = amounts
  const parts = [
    ...(usd > 0 ? [amountText(usd, "usd")] : []),
    ...(tokens > 0 ? [amountText(tokens, "tokens")] : []),
  ]
  return parts.length === 0 ? "1 request" : parts.join(" and ")
}

const durationText = (ms: number): string =>
  ms >= MINUTE_MS ? `${ms / MINUTE_MS} min` : `${ms / SECOND_MS} s`

const instantText = (atMs: number): string =>
  new Date(atMs).toISOString().replace("T", " ").replace("Z", "")
