import { type ChildProcess, spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"

const bin = fileURLToPath(new URL("../../bin/spendfuse.js", import.meta.url))
const pinned = fileURLToPath(new URL("../../../../node_modules/.bin/node", import.meta.url))
/** Each command reads the same sources: what Node made of them is kept between runs. */
const NODE_COMPILE_CACHE = fileURLToPath(
  new URL("../../../../node_modules/.cache/cli", import.meta.url),
)
const node = existsSync(pinned) ? pinned : process.execPath

/** What a process of the command line wrote, and its exit code. */
export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** What `JSON.parse` gives, to be looked at by `expect`. */
export type Json = ReturnType<typeof JSON.parse>

/** A shell on one store: commands are processes of their own. */
export interface Shell {
  readonly run: (...args: readonly string[]) => Promise<Ran>
  /** Runs it with --json; what it wrote is as loose as JSON is. */
  readonly json: (...args: readonly string[]) => Promise<{ code: number | null; json: Json }>
  readonly start: (...args: readonly string[]) => Running
}

/** A process that goes on until it is told to end. */
export interface Running {
  readonly lines: () => readonly string[]
  /** Until it has written so many lines. */
  readonly wrote: (count: number) => Promise<readonly string[]>
  /** Asks it to end. */
  readonly end: () => Promise<Ran>
}

/** Where the shell's store is, and what must never be written. */
export interface ShellPlace {
  readonly env: Readonly<Record<string, string>>
  /** Flags of each command, such as `--prefix`. */
  readonly flags?: readonly string[]
  readonly secrets: readonly string[]
}

/** A shell of ann's; each run is checked for words that must never be written. */
export const shellOn = ({ env, flags = [], secrets }: ShellPlace): Shell => {
  const { PATH = "", HOME = "" } = process.env
  const started = (args: readonly string[]): ChildProcess =>
    spawn(node, [bin, ...args, ...flags], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH, HOME, NODE_COMPILE_CACHE, SPENDFUSE_BY: "ann", ...env },
    })
  const run = (...args: readonly string[]): Promise<Ran> => ranOf(started(args), secrets)
  return {
    run,
    json: async (...args) => {
      const { code, out, err } = await run(...args, "--json")
      if (out === "") throw new Error(`${args.join(" ")} wrote nothing (${code}): ${err}`)
      return { code, json: JSON.parse(out) }
    },
    start: (...args) => runningOf(started(args), secrets),
  }
}

const ranOf = (child: ChildProcess, secrets: readonly string[]): Promise<Ran> =>
  new Promise((resolve, reject) => {
    let out = ""
    let err = ""
    child.stdout?.on("data", (data: Buffer) => {
      out += data.toString()
    })
    child.stderr?.on("data", (data: Buffer) => {
      err += data.toString()
    })
    child.once("close", (code) => {
      const told = secrets.find((secret) => (out + err).includes(secret))
      if (told === undefined) resolve({ code, out, err })
      else reject(new Error("a secret was written"))
    })
  })

const runningOf = (child: ChildProcess, secrets: readonly string[]): Running => {
  const ended = ranOf(child, secrets)
  let text = ""
  child.stdout?.on("data", (data: Buffer) => {
    text += data.toString()
  })
  const lines = (): readonly string[] => text.split("\n").slice(0, -1)
  return {
    lines,
    wrote: async (count) => {
      for (let tries = 0; lines().length < count; tries += 1) {
        if (tries > 2_400) throw new Error(`it wrote only: ${text}`)
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      return lines()
    },
    end: () => {
      child.kill("SIGTERM")
      return ended
    },
  }
}
