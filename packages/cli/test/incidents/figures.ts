import { simulate, type WayReport } from "@spendfuse/core/lab"
import { fleetOf, NAMES } from "./library.ts"

/** What is kept of one way to guard an incident's fleet; amounts in nano-USD. */
export interface Figures {
  readonly asked: number
  readonly made: number
  readonly refused: number
  readonly refusedWanted: number
  readonly billedNanoUsd: number
  readonly worstHourNanoUsd: number
  /** By the fuse's ledger; only of the fuse. */
  readonly countedNanoUsd?: number
  /** Only of the fuse. */
  readonly pages?: number
}

/** By incident, then by way. */
export type AllFigures = Readonly<Record<string, Readonly<Record<string, Figures>>>>

/** Simulates every incident with seed 1. */
export const allFigures = (): AllFigures =>
  Object.fromEntries(
    NAMES.map((name) => [
      name,
      Object.fromEntries(
        simulate(fleetOf(name), { seed: 1 }).ways.map((report) => [report.way, figuresOf(report)]),
      ),
    ]),
  )

/** As the file beside the incidents has them. */
export const figuresText = (figures: AllFigures): string => `${JSON.stringify(figures, null, 2)}\n`

/** What is kept of a report. */
export const figuresOf = ({
  asked,
  made,
  refused,
  refusedWanted,
  billedNanoUsd,
  worstHourNanoUsd,
  fuse,
}: WayReport): Figures => ({
  asked,
  made,
  refused,
  refusedWanted,
  billedNanoUsd,
  worstHourNanoUsd,
  ...(fuse !== null && { countedNanoUsd: fuse.countedNanoUsd, pages: fuse.pages }),
})
