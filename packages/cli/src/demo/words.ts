import { formatUsd } from "@spendfuse/core"
import { type Cycle, foldCycles } from "../cycles.ts"
import type { ToldEvent } from "./guarded.ts"
import type { WayName } from "./incident.ts"

/** The four ways, as tables and plots name them. */
export const WAYS: readonly { readonly way: WayName; readonly name: string }[] = [
  { way: "unguarded", name: "no guard" },
  { way: "alertOnly", name: "billing alert" },
  { way: "postHoc", name: "post-hoc counter" },
  { way: "guarded", name: "Spendfuse" },
]

/** Whole dollars, as in `$72,000`. */
export const dollars = (nano: number): string =>
  `$${Math.round(nano / 1e9).toLocaleString("en-US")}`

/** To the last nano-dollar. */
export const exactDollars = (nano: number): string => `$${formatUsd(nano)}`

/** `06:01:30`, UTC. */
export const timeText = (atMs: number): string => new Date(atMs).toISOString().slice(11, 19)

/** What an alert says to people. */
export const alertText = ({ event, message, channel }: ToldEvent): string => {
  const [kind = "", budget = "", what = ""] = event.split(" ")
  switch (kind) {
    case "tier":
      return `${message === "" ? "level reached" : message} (${budget} budget at ${levelText(what)})`
    case "circuit":
      return CIRCUIT[what]?.(budget) ?? event
    case "refusing":
      return `the ${budget} budget refuses: the next call does not fit`
    case "audit":
      return channel === "operator" ? `acknowledged by ${message}` : event
    default:
      return event
  }
}

/** `80%`, or a step that a person allowed. */
const levelText = (level: string): string =>
  level.endsWith("usd") ? `$${Number.parseFloat(level).toFixed(2)}, as allowed` : level

const CIRCUIT: Readonly<Record<string, (budget: string) => string>> = {
  open: (budget) => `circuit of the ${budget} opened: calls are refused for an hour`,
  latched: (budget) => `circuit of the ${budget} latched: a person must acknowledge`,
  closed: (budget) => `circuit of the ${budget} closed: resolved`,
  "half-open": (budget) => `circuit of the ${budget} on probation`,
}

/** Alerts cut at each heads-up; hours that tell the same story are told once. */
export const cyclesOf = (events: readonly ToldEvent[]): readonly Cycle<ToldEvent>[] =>
  foldCycles(events, {
    begins: ({ channel }) => channel === "slack",
    storyOf: ({ channel, event }) => `${channel} ${event}`,
  })
