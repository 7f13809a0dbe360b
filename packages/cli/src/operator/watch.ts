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
  const inPlace = json === true || !io.isTerminal ? null : await inPlaceOf()
  const write = inPlace?.write ?? io.out
  write(first)
  while (await waited(everyMs, ending)) await orSaid(io, async () => write(await look()))
  inPlace?.done()
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

/** Each picture takes the place of the one before; what the terminal has no room for is left out below. */
const inPlaceOf = async (): Promise<{
  readonly write: (text: string) => void
  readonly done: () => void
}> => {
  const { createLogUpdate } = await import("log-update")
  const update = createLogUpdate(process.stdout)
  const { rows = 24 } = process.stdout
  const most = Math.max(5, rows - 1)
  return {
    write: (text) => update(text.trimEnd().split("\n").slice(0, most).join("\n")),
    done: () => update.done(),
  }
}
