import type { EpochMs } from "../../domain/time.ts"
import type { Fault } from "../../edge/fleet/fleet.ts"

/** One process that makes calls and asks the store. */
export class Host {
  /** From 1. */
  readonly number: number
  isUp = true
  readonly #skews: readonly Extract<Fault, { kind: "clock-skew" }>[]

  constructor(number: number, faults: readonly Fault[]) {
    this.number = number
    this.#skews = faults.filter(
      (fault): fault is Extract<Fault, { kind: "clock-skew" }> =>
        fault.kind === "clock-skew" && fault.host === number,
    )
  }

  /** What its own clock shows. */
  clockAt(atMs: EpochMs): EpochMs {
    let shown = atMs
    for (const { byMs, fromMs, untilMs } of this.#skews)
      if (atMs >= fromMs && atMs < untilMs) shown += byMs
    return shown
  }
}
