import type { DurationMs, EpochMs } from "../../domain/time.ts"
import type { Fault } from "../../edge/fleet/fleet.ts"

/** One process that makes calls and asks the store. */
export class Host {
  /** From 1. */
  readonly number: number
  isUp = true
  readonly #skews: readonly Extract<Fault, { kind: "clock-skew" }>[]
  readonly #slownesses: readonly Extract<Fault, { kind: "slow-store" }>[]

  constructor(number: number, faults: readonly Fault[]) {
    this.number = number
    this.#skews = faults.filter(
      (fault): fault is Extract<Fault, { kind: "clock-skew" }> =>
        fault.kind === "clock-skew" && fault.host === number,
    )
    this.#slownesses = faults.filter((fault) => fault.kind === "slow-store")
  }

  /** What its own clock shows. */
  clockAt(atMs: EpochMs): EpochMs {
    let shown = atMs
    for (const { byMs, fromMs, untilMs } of this.#skews)
      if (atMs >= fromMs && atMs < untilMs) shown += byMs
    return shown
  }

  /** How long it waits for an answer of the store. */
  storeTakesMs(atMs: EpochMs): DurationMs {
    let takesMs = 0
    for (const { byMs, fromMs, untilMs } of this.#slownesses)
      if (atMs >= fromMs && atMs < untilMs) takesMs += byMs
    return takesMs
  }
}
