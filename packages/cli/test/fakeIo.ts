import { CliError, type Io } from "../src/io.ts"
import { main } from "../src/main.ts"
import { splitLines } from "../src/splitLines.ts"

/** What a run of the command line wrote, and its exit code. */
export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs the command line on files that are only in memory. */
export const run = async (
  argv: readonly string[],
  files: Readonly<Record<string, string>> = {},
  more: Partial<Io> = {},
): Promise<Ran> => {
  let out = ""
  let err = ""
  const io: Io = {
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    read: (path) => {
      if (!Object.hasOwn(files, path))
        throw new CliError(`${path}: cannot be read: there is no such file`)
      return files[path] ?? ""
    },
    lines: async function* (path) {
      if (!Object.hasOwn(files, path))
        throw new CliError(`${path}: cannot be read: there is no such file`)
      yield* splitLines([files[path] ?? ""])
    },
    parts: async function* (path) {
      if (!Object.hasOwn(files, path))
        throw new CliError(`${path}: cannot be read: there is no such file`)
      yield files[path] ?? ""
    },
    isTerminal: false,
    hasColor: false,
    columns: 100,
    ask: null,
    ending: () => new AbortController().signal,
    ...more,
  }
  const code = await main(argv, io)
  return { code, out, err }
}

export const POLICY = `{
  // a comment
  "$schema": "https://example.com/policy.json",
  "budgets": [
    { "id": "key", "per": ["apiKey"], "limit": { "usdNano": 10 }, "window": "hour",
      "tiers": [{ "at": "100%", "block": true }] }
  ],
  "unknownModel": "refuse",
  "onStoreUnavailable": "deny",
}`

/** A scenario file of these steps. */
export const scenario = (...steps: readonly unknown[]): string =>
  `{ "title": "t", "start": "2026-01-15T10:00:00Z",\n  "policy": ${POLICY},\n  "steps": [\n${steps
    .map((step) => `    ${JSON.stringify(step)}`)
    .join(",\n")}\n] }`
