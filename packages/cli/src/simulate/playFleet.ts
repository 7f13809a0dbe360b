import { type FleetReport, FleetTooLarge, simulate, type Way } from "@spendfuse/core/lab"
import { CliError, type Io } from "../io.ts"
import { progressBar } from "../progressBar.ts"
import type { NamedFleet } from "./readFleet.ts"
import { WAY_LOOKS } from "./ways.ts"

/** How fleets are played. */
export interface PlayOptions {
  readonly ways: readonly Way[]
  readonly callsMax: number
}

/** Plays a fleet, with the progress on the standard error. @throws CliError where it is too large */
export const playFleet = (
  io: Io,
  { name, fleet }: NamedFleet,
  seed: number,
  { ways, callsMax }: PlayOptions,
): FleetReport => {
  const bar = progressBar(io)
  const order = ways.filter((way) => way !== "alert" || fleet.alertAtNanoUsd !== null)
  try {
    return simulate(fleet, {
      seed,
      ways,
      callsMax,
      onProgress: (way, share) =>
        bar.draw(
          (order.indexOf(way) + share) / order.length,
          `${name}, seed ${seed}: ${WAY_LOOKS[way].name}`,
        ),
    })
  } catch (error) {
    if (!(error instanceof FleetTooLarge)) throw error
    throw new CliError(`${name}: ${error.message}; or allow more with --calls-max`)
  } finally {
    bar.end()
  }
}
