import { createReadStream, readFileSync } from "node:fs"
import { createInterface } from "node:readline/promises"
import { splitLines } from "./splitLines.ts"

/** Where the command line reads and writes; tests give their own. */
export interface Io {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** The whole text of a file; `-` is the standard input. @throws CliError where it cannot be read */
  readonly read: (path: string) => string
  /**
   * Lines of a file, as they come; `-` is the standard input. Of one that is too long only the beginning is kept.
   * @throws CliError where it cannot be read
   */
  readonly lines: (path: string) => AsyncIterable<string>
  /** A file as it comes, packed or not; `-` is the standard input. @throws CliError where it cannot be read */
  readonly parts: (path: string) => AsyncIterable<Uint8Array | string>
  /** Pictures that move are for terminals only. */
  readonly isTerminal: boolean
  /** Colours too, and only where nobody asked for none (`NO_COLOR`, `--no-color`). */
  readonly hasColor: boolean
  readonly columns: number
  /** Asks the person at the terminal, and answers what was written; null where nobody is there. */
  readonly ask: ((question: string) => Promise<string>) | null
  /**
   * From the first call on: aborts where the process is asked to end (`SIGTERM`, Ctrl-C), so that what runs can end
   * well. `SIGHUP` ends it too, or calls what is given.
   */
  readonly ending: (onHangup?: () => void) => AbortSignal
}

/** Bad input: said in one line for each problem, exit code 2. */
export class CliError extends Error {
  override readonly name = "CliError"
}

export const processIo = (): Io => {
  const isTerminal = process.stdout.isTTY === true
  // Whoever reads may stop reading (`| head`): that is no fault.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error
    process.exit()
  })
  return {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    read: readText,
    lines: linesOf,
    parts: partsOf,
    isTerminal,
    hasColor: isTerminal && (process.env.NO_COLOR ?? "") === "" && process.env.TERM !== "dumb",
    columns: process.stdout.columns ?? 80,
    ask: isTerminal && process.stdin.isTTY === true ? askedOf : null,
    ending,
  }
}

const askedOf = async (question: string): Promise<string> => {
  const lines = createInterface({ input: process.stdin, output: process.stdout })
  // The end of the input (Ctrl-D) answers nothing.
  const over = new Promise<string>((resolve) => lines.once("close", () => resolve("")))
  try {
    return await Promise.race([lines.question(question), over])
  } finally {
    lines.close()
  }
}

let told: AbortController | undefined

const ending = (onHangup?: () => void): AbortSignal => {
  if (told === undefined) {
    const one = new AbortController()
    told = one
    for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => one.abort())
    process.on("SIGHUP", onHangup ?? (() => one.abort()))
  }
  return told.signal
}

const readText = (path: string): string => {
  try {
    return readFileSync(path === "-" ? 0 : path, "utf8")
  } catch (error) {
    throw unreadable(path, error)
  }
}

const linesOf = async function* (path: string): AsyncIterable<string> {
  try {
    yield* splitLines(path === "-" ? process.stdin : createReadStream(path))
  } catch (error) {
    throw unreadable(path, error)
  }
}

const partsOf = async function* (path: string): AsyncIterable<Uint8Array | string> {
  try {
    yield* path === "-" ? process.stdin : createReadStream(path)
  } catch (error) {
    throw unreadable(path, error)
  }
}

const unreadable = (path: string, error: unknown): CliError => {
  const { code } = error as NodeJS.ErrnoException
  return new CliError(`${path}: cannot be read: ${WHY[code ?? ""] ?? code ?? "unknown"}`)
}

const WHY: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a folder",
  EACCES: "permission is denied",
}
