import { readFileSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { mismatch } from "./match.ts"
import { runProcess } from "./process.ts"

const PRELOAD = fileURLToPath(new URL("preload.mjs", import.meta.url))

/**
 * Runs an example as a program of its own, in an empty folder, against the stand-in for the providers; what
 * it prints must be what its `// =>` comments say, in their order.
 *
 * @returns null, or what is wrong
 */
export const runExample = async (path: string, providerUrl: string): Promise<string | null> => {
  const cwd = await mkdtemp(join(tmpdir(), "spendfuse-docs-"))
  try {
    const flags = ["--conditions=@spendfuse/source", "--disable-warning=ExperimentalWarning"]
    const ran = await runProcess(process.execPath, [...flags, "--import", PRELOAD, path], {
      cwd,
      env: {
        SPENDFUSE_DOCS_PROVIDER: providerUrl,
        OPENAI_API_KEY: "not-a-key",
        ANTHROPIC_API_KEY: "not-a-key",
        GEMINI_API_KEY: "not-a-key",
      },
    })
    if (ran.code !== 0) return `ends with exit code ${ran.code}: ${ran.err.slice(0, 4_000)}`
    return mismatch(promised(readFileSync(path, "utf8")), linesOf(ran.out))
  } finally {
    await rm(cwd, { recursive: true, force: true })
  }
}

/** What the comments say is printed: `// => text`, and `//    text` right below for further lines. */
export const promised = (source: string): readonly string[] => {
  const shown: string[] = []
  let inside = false
  for (const line of source.split("\n")) {
    const found = (/\/\/ => (.*)$/.exec(line) ??
      (inside ? /^\s*\/\/ {4}(.*)$/.exec(line) : null)) as readonly string[] | null
    inside = found !== null
    if (found !== null) shown.push(found[1] ?? "")
  }
  return shown
}

const linesOf = (text: string): readonly string[] =>
  text === "" ? [] : text.replace(/\n$/, "").split("\n")
