import type { Command, Outcome } from "@spendfuse/core/domain"
import { type Fleet, simulate } from "@spendfuse/core/lab"

/** One command of the fuse in a simulation, when it was applied, and what came of it. */
export interface Applied {
  readonly command: Command
  readonly atMs: number
  readonly outcome: Outcome
}

/** Every command that the fuse applies while a fleet is simulated. */
export const tapeOf = (fleet: Fleet): readonly Applied[] => {
  const tape: Applied[] = []
  simulate(fleet, {
    seed: 1,
    ways: ["spendfuse"],
    onApplied: (command, atMs, outcome) => tape.push({ command, atMs, outcome }),
  })
  return tape
}

/** Commands that follow each other at one instant, together; at most `most` of them. */
export const batchesOf = (
  tape: readonly Applied[],
  most: number,
): readonly (readonly Applied[])[] => {
  const batches: Applied[][] = []
  for (const applied of tape) {
    const last = batches.at(-1)
    if (last !== undefined && last[0]?.atMs === applied.atMs && last.length < most)
      last.push(applied)
    else batches.push([applied])
  }
  return batches
}
