import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { mismatch } from "./match.ts"
import { EXAMPLES, ROOT, type Snippet } from "./pages.ts"
import { type Ran, runProcess } from "./process.ts"

/**
 * Runs the commands of a block at the repository's root, in order, in one shell each. In a `console` block
 * they follow `$ `, and what they print must be what follows, their errors too where they fail; in a `sh` block
 * each must end well. Where the page says `after: FILE`, that example first makes the store that they are about.
 */
export const commandsProblem = (snippet: Snippet): Promise<string | null> =>
  withStoreOf(snippet, async (env) => {
    const { lang, text } = snippet
    for (const { command, shown } of lang === "console" ? sessionOf(text) : plain(text)) {
      const ran = await runCommand(command, env)
      if (shown === null && ran.code !== 0)
        return `\`${command}\` ends with ${ran.code}: ${ran.err}`
      const wrong = shown === null ? null : mismatch(shown, printedBy(ran))
      if (wrong !== null) return `\`${command}\`\n${wrong}`
    }
    return null
  })

type Env = Readonly<Record<string, string>>

const withStoreOf = async (
  { directive }: Snippet,
  run: (env: Env) => Promise<string | null>,
): Promise<string | null> => {
  if (directive?.[0] !== "after") return run({})
  const folder = await mkdtemp(join(tmpdir(), "spendfuse-docs-store-"))
  const url = `file:${join(folder, "spend.spendfuse-journal")}`
  const env = { SPENDFUSE_STORE_URL: url, SPENDFUSE_BY: "ann" }
  const flags = ["--conditions=@spendfuse/source", "--disable-warning=ExperimentalWarning"]
  try {
    const program = [...flags, join(EXAMPLES, directive[1])]
    const made = await runProcess(process.execPath, program, { cwd: ROOT, env })
    return made.code === 0 ? await run(env) : `${directive[1]} ends with ${made.code}: ${made.err}`
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A `console` block with what its commands print now. */
export const refreshed = async ({ text }: Snippet): Promise<string> => {
  const parts: string[] = []
  for (const { command } of sessionOf(text))
    parts.push(`$ ${command}`, ...printedBy(await runCommand(command)))
  return parts.join("\n")
}

const printedBy = ({ code, out, err }: Ran): readonly string[] =>
  linesOf(out + (code === 0 ? "" : err))

const runCommand = async (command: string, more: Env = {}): Promise<Ran> => {
  const folder = await mkdtemp(join(tmpdir(), "spendfuse-docs-"))
  try {
    await writeFile(join(folder, "npx"), shim(), { mode: 0o755 })
    const env = { ...more, PATH: `${folder}:${process.env.PATH ?? ""}` }
    return await runProcess("bash", ["-c", command], { cwd: ROOT, env })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** `npx` without its second of waiting, and for the workspace's own commands only. */
const shim = (): string => `#!/bin/sh
tool="$1"; shift
case "$tool" in
  spendfuse) exec "${process.execPath}" "${join(ROOT, "packages/cli/bin/spendfuse.js")}" "$@" ;;
  deno) exec "${join(ROOT, "node_modules/.bin/deno")}" "$@" ;;
  *) echo "npx $tool: not here" >&2; exit 1 ;;
esac
`

interface Shown {
  readonly command: string
  readonly shown: readonly string[] | null
}

const plain = (text: string): readonly Shown[] => [{ command: `set -e\n${text}`, shown: null }]

const sessionOf = (text: string): readonly Shown[] => {
  const session: { command: string; shown: string[] }[] = []
  let continued = false
  for (const line of text.split("\n")) {
    const last = session.at(-1)
    if (line.startsWith("$ ")) session.push({ command: line.slice(2), shown: [] })
    else if (last !== undefined && continued) last.command += `\n${line.replace(/^> /, "")}`
    else if (last !== undefined) last.shown.push(line)
    else throw new Error(`a console block starts with a command: ${line}`)
    continued = line.endsWith("\\") || (continued && line.endsWith("\\"))
  }
  return session
}

const linesOf = (text: string): readonly string[] =>
  text === "" ? [] : text.replace(/\n$/, "").split("\n")
