import { statSync } from "node:fs"
import type { Policy } from "@spendfuse/core"
import { Replay, type ReplayReport, type ReplayRow } from "@spendfuse/core/lab"
import { libraryPrices } from "@spendfuse/core/prices"
import { countText } from "../figures.ts"
import { CliError, type Io } from "../io.ts"
import { LogBroken } from "./badRow.ts"
import { progressOf } from "./progress.ts"
import { newReading, type Reading, type ReadOptions, readLog } from "./readLog.ts"
import { remarksOf } from "./remarks.ts"

/** A policy and what it would have done. */
export interface Replayed {
  readonly policy: Policy
  readonly report: ReplayReport
}

/** What a log was, and what each policy would have done to it. */
export interface LogPlayed {
  readonly reading: Reading
  readonly played: readonly Replayed[]
}

/**
 * Reads a log once and plays it through each policy.
 *
 * @throws CliError where the log cannot be read, or has no row that can be played
 */
export const playLog = async (
  io: Io,
  path: string,
  policies: readonly Policy[],
  options: ReadOptions & { readonly refuseUnder: number },
): Promise<LogPlayed> => {
  const prices = libraryPrices()
  const replays = policies.map((policy) => ({
    policy,
    replay: new Replay({ policy, prices, refuseUnder: options.refuseUnder }),
  }))
  const reading = await readAll(io, path, options, (rows) => {
    for (const { replay } of replays) replay.take(rows)
  })
  const played = replays.map(({ policy, replay }) => ({ policy, report: replay.report() }))
  const unplayed = played[0]?.report.unplayed[0]
  if (played[0]?.report.asked.calls === 0 && unplayed !== undefined)
    throw new CliError(
      [
        `${path}: no row can be played: ${unplayed.why}; give what the log lacks with --map or --set`,
        ...remarksOf(reading),
      ].join("\n"),
    )
  return { reading, played }
}

/**
 * Gives every row of a log to `take`, in batches, with the progress on the standard error.
 *
 * @throws CliError where the log cannot be read, or has no row
 */
export const readAll = async (
  io: Io,
  path: string,
  options: ReadOptions,
  take: (rows: readonly ReplayRow[]) => void,
): Promise<Reading> => {
  const reading = newReading()
  const progress = progressOf(io, sizeOf(path))
  const counted = async function* (): AsyncIterable<Uint8Array | string> {
    for await (const part of io.parts(path)) {
      progress.read(part.length)
      yield part
    }
  }
  try {
    for await (const rows of readLog(counted(), options, reading)) {
      take(rows)
      progress.played(rows.length)
    }
  } catch (error) {
    if (!(error instanceof LogBroken)) throw error
    const place = reading.read === 0 ? "" : `after ${countText(reading.read, "row")}: `
    throw new CliError(`${path}: ${place}${error.message}`)
  } finally {
    progress.end()
  }
  if (reading.read > 0) return reading
  const [bad] = reading.bad.first
  const why = bad === undefined ? lackOf(reading) : `line ${bad.line}: ${bad.why}`
  throw new CliError(
    [`${path}: has no row that can be read: ${why}`, ...remarksOf(reading)].join("\n"),
  )
}

/** Why there is no row where none is bad either. */
const lackOf = ({ format }: Reading): string =>
  format === "none"
    ? "it is empty, or a head alone"
    : `none of its records is a call as \`${format}\` writes them; name another with --format`

/** Bytes of a file; null where it has no size, as the standard input. */
const sizeOf = (path: string): number | null => {
  if (path === "-") return null
  return statSync(path, { throwIfNoEntry: false })?.size ?? null
}
