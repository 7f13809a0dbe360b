import { spawn } from "node:child_process"
import { join } from "node:path"
import { ROOT } from "./pages.ts"

export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

const DEADLINE_MS = 120_000

/** Each program reads the same sources: what Node made of them is kept between runs. */
const NODE_COMPILE_CACHE = join(ROOT, "node_modules", ".cache", "docs")

/** Runs a program to its end; one that does not end by itself is ended, with the code null. */
export const runProcess = (
  program: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<Ran> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, NO_COLOR: "1", COLUMNS: "80", NODE_COMPILE_CACHE, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: DEADLINE_MS,
      killSignal: "SIGKILL",
    })
    let out = ""
    let err = ""
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      out += text
    })
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      err += text
    })
    child.on("error", reject)
    child.on("close", (code) => resolve({ code, out, err }))
  })
