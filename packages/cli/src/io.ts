import { readFileSync } from "node:fs"

/** Where the command line reads and writes; tests give their own. */
export interface Io {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** The whole text of a file; `-` is the standard input. */
  readonly read: (path: string) => string
  /** Lines of the standard input, as they come. */
  readonly lines: () => AsyncIterable<string>
  /** Colour and pictures that move are for terminals only. */
  readonly isTerminal: boolean
  readonly columns: number
}

/** Bad input: said in one line, exit code 2. */
export class CliError extends Error {
  override readonly name = "CliError"
}

export const processIo = (): Io => ({
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  read: (path) => {
    try {
      return readFileSync(path === "-" ? 0 : path, "utf8")
    } catch (error) {
      throw new CliError(`${path}: cannot be read (${(error as NodeJS.ErrnoException).code})`)
    }
  },
  lines: stdinLines,
  isTerminal: process.stdout.isTTY === true && process.env.NO_COLOR === undefined,
  columns: process.stdout.columns ?? 80,
})

const stdinLines = async function* (): AsyncIterable<string> {
  const { createInterface } = await import("node:readline")
  yield* createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })
}
