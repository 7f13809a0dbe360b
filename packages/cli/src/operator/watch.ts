import { setTimeout as sleep } from "node:timers/promises"
import { CliError, type Io } from "../io.ts"

/** How a picture is watched. */
export interface WatchFlags {
  readonly watch?: boolean
  readonly json?: boolean
  readonly everyMs: number
}

/**
 * Writes what a look gives, once; with `--watch` again and again until the process is asked to end, in place of
 * the one before on a terminal. A look that fails there is said, and tried again.
 *
 * @throws CliError where the first look fails
 */
export const watch = async (
  io: Io,
  { watch: goesOn, json, everyMs }: WatchFlags,
  look: () => Promise<string>,
): Promise<void> => {
  const first = await look()
  if (goesOn !== true) return io.out(first)
  const ending = io.ending()
  const write = json === true || !io.isTerminal ? io.out : await inPlaceOf(io)
  write(first)
  while (await waited(everyMs, ending)) await orSaid(io, async () => write(await look()))
}

/** A look that fails is said: the next one may not. */
export const orSaid = async (io: Io, look: () => Promise<void>): Promise<void> => {
  try {
    await look()
  } catch (error) {
    if (!(error instanceof CliError)) throw error
    io.err(`${error.message}\n`)
  }
}

/** Waits. @returns false where the process is asked to end */
export const waited = async (ms: number, ending: AbortSignal): Promise<boolean> => {
  if (ending.aborted) return false
  await sleep(ms, undefined, { signal: ending }).catch(() => undefined)
  return !ending.aborted
}

const inPlaceOf = async (io: Io): Promise<(text: string) => void> => {
  const { createLogUpdate } = await import("log-update")
  const update = createLogUpdate(process.stdout)
  const { rows = 24 } = process.stdout
  return (text) => {
    if (!io.ending().aborted)
      update(
        text
          .split("\n")
          .slice(0, Math.max(5, rows - 1))
          .join("\n"),
      )
  }
}
