import type { ActorReport } from "@spendfuse/core/lab"
import { dollarsText, numberText } from "../figures.ts"
import { type Column, tableText } from "../operator/table.ts"

/** What became of each actor under Spendfuse; a column that has nothing to tell is left out. */
export const actorsText = (actors: readonly ActorReport[], width: number): string =>
  tableText(columnsOf(actors), actors, width)

const columnsOf = (actors: readonly ActorReport[]): readonly Column<ActorReport>[] =>
  ACTOR_FIGURES.filter(
    ({ count }) => count === undefined || actors.some((actor) => count(actor) > 0),
  ).map(({ head, cell, count, flows, spare }) => ({
    head,
    cell: cell ?? ((actor) => numberText(count?.(actor) ?? 0)),
    ...(flows === undefined ? { align: "right" as const } : { flows }),
    ...(spare !== undefined && { spare }),
  }))

/** What is told of each actor: a text, or a count that is left out where all of them have none. */
export const ACTOR_FIGURES: readonly (Pick<Column<ActorReport>, "head" | "flows" | "spare"> & {
  readonly cell?: (actor: ActorReport) => string
  readonly count?: (actor: ActorReport) => number
})[] = [
  {
    head: "actor",
    cell: ({ name }) => name,
    flows: "anywhere",
  },
  {
    head: "wanted",
    cell: ({ isWanted }) => (isWanted ? "yes" : "no"),
    flows: "at spaces",
    spare: 1,
  },
  { head: "asked", cell: ({ asked }) => numberText(asked) },
  { head: "made", cell: ({ made }) => numberText(made) },
  { head: "refused", cell: (actor) => reasonsText(actor), flows: "at spaces" },
  { head: "cut", count: ({ cut }) => cut, spare: 3 },
  { head: "cheaper", count: ({ degraded }) => degraded, spare: 2 },
  { head: "failed", count: ({ failed }) => failed, spare: 5 },
  { head: "lost", count: ({ lost }) => lost, spare: 4 },
  { head: "spent", cell: ({ billedNanoUsd }) => dollarsText(billedNanoUsd) },
]

const reasonsText = ({ reasons }: ActorReport): string =>
  Object.entries(reasons)
    .map(([reason, count]) => `${reason} ${numberText(count)}`)
    .join(", ") || "0"
