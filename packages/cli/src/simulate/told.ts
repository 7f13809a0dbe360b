import type { Fleet, FuseReport, ToldOnce } from "@spendfuse/core/lab"
import { againText, type Cycle, foldCycles } from "../cycles.ts"
import { countText } from "../figures.ts"
import { accountTextCut } from "../operator/accountText.ts"
import { clockText } from "../operator/instants.ts"

/** One line of what was told: a warning or a page, or how often what stands above it came again. */
export type ToldLine =
  | {
      readonly kind: "warning" | "page"
      readonly at: string
      readonly channels: string
      readonly what: string
    }
  | { readonly kind: "again"; readonly what: string }

/** Warnings and pages in the order of time, those that repeat told once. */
export const toldLines = (fleet: Fleet, { toldFirst }: FuseReport): readonly ToldLine[] => {
  const lines = cyclesOf(toldFirst).flatMap(({ events, more, untilMs }): readonly ToldLine[] => [
    ...events.map((one) => ({
      kind: one.kind === "page" ? ("page" as const) : ("warning" as const),
      at: clockText(one.atMs, fleet.startMs),
      channels: one.channels.join(", "),
      what: whatText(fleet, one),
    })),
    ...(more === 0
      ? []
      : [
          {
            kind: "again" as const,
            what: `… and the same ${againText(more)}, until ${clockText(untilMs, fleet.startMs)}`,
          },
        ]),
  ])
  const left = lines.length - LINES_MOST
  return left <= 0
    ? lines
    : [
        ...lines.slice(0, LINES_MOST),
        { kind: "again", what: `… and ${countText(left, "line")} more` },
      ]
}

/** A story begins again with what it has told already, whoever's account it is. */
const cyclesOf = (told: readonly ToldOnce[]): readonly Cycle<ToldOnce>[] =>
  foldCycles(told, {
    begins: ({ name }, run) => run.some((one) => one.name === name),
    storyOf: ({ name }) => name,
  })

const LINES_MOST = 30

/** `key-hour/api-key-7 at 80%: cost rate is elevated`. */
const whatText = ({ policy }: Fleet, { name, account }: ToldOnce): string => {
  const [, budget = "", level = ""] = name.split(" ")
  const tier = policy.budgets
    .find(({ id }) => id === budget)
    ?.tiers.find(({ at }) => "percent" in at && `${at.percent}%` === level)
  const message = tier?.message === undefined ? "" : `: ${tier.message}`
  return `${accountTextCut(account, 60)} at ${level}${message}`
}

/** How many in all, of those that a channel heard. */
export const toldSum = ({ warnings, pages }: FuseReport): string =>
  warnings + pages === 0
    ? "Nobody was told anything."
    : `${countText(warnings, "warning")} and ${countText(pages, "page")} in all.`
