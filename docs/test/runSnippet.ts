import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { decodePolicy, formatProblem } from "@spendfuse/core"
import { decodeScenario, play } from "@spendfuse/core/testing"
import { parseJsonc } from "../../packages/cli/src/jsonc.ts"
import { openMemory } from "../../packages/cli/src/play/memory.ts"
import { staleness } from "./include.ts"
import { mismatch } from "./match.ts"
import { ROOT, type Snippet } from "./pages.ts"
import { runProcess } from "./process.ts"

/** How a snippet is held to its word. */
export type How = "example" | "policy" | "scenario" | "part" | "commands" | "not run"

export type Ruling =
  | { readonly kind: How; readonly why?: string }
  | { readonly kind: "unruled"; readonly why: string }

/** Tells what must be done with a snippet; one that nothing runs and that does not say why is unruled. */
export const rulingOf = (snippet: Snippet): Ruling => {
  const { directive, lang, text } = snippet
  if (directive?.[0] === "not run") return { kind: "not run", why: directive[1] }
  if (directive?.[0] === "example" && lang === "ts") return { kind: "example" }
  if (directive?.[0] === "part" && isJson(lang)) return { kind: "part" }
  if (isJson(lang) && (directive === null || directive[0] === "example"))
    return /"steps"\s*:/.test(text)
      ? { kind: "scenario" }
      : /"budgets"\s*:/.test(text)
        ? { kind: "policy" }
        : { kind: "unruled", why: "this JSON is neither a policy nor a scenario" }
  if (lang === "console" || lang === "sh") return { kind: "commands" }
  return { kind: "unruled", why: "write `example: FILE` or `not run: WHY` above it" }
}

/** Runs a snippet as its ruling says. @returns null, or what is wrong */
export const runSnippet = async (snippet: Snippet): Promise<string | null> => {
  const ruling = rulingOf(snippet)
  switch (ruling.kind) {
    case "unruled":
      return `is not run: ${ruling.why}`
    case "not run":
      return null
    case "example":
      return staleness(snippet)
    case "policy":
      return staleness(snippet) ?? policyProblem(jsonOf(snippet))
    case "scenario":
      return staleness(snippet) ?? scenarioProblem(jsonOf(snippet))
    case "part":
      return partProblem(snippet)
    case "commands":
      return commandsProblem(snippet)
  }
}

const jsonOf = ({ page, text }: Snippet): unknown => parseJsonc(text, page)

const isJson = (lang: string): boolean => lang === "json" || lang === "jsonc"

const policyProblem = (json: unknown): string | null => {
  const decoded = decodePolicy(json)
  return decoded.ok ? null : decoded.problems.map(formatProblem).join("\n")
}

const scenarioProblem = async (json: unknown): Promise<string | null> => {
  const decoded = decodeScenario(json)
  if (!decoded.ok) return decoded.problems.map(formatProblem).join("\n")
  const missed = (await play(decoded.scenario, openMemory)).filter(({ met }) => !met)
  return missed.length === 0 ? null : JSON.stringify(missed)
}

const BASE = { unknownModel: "refuse", onStoreUnavailable: "deny" }
const BUDGET = {
  id: "key-hour",
  per: ["apiKey"],
  limit: { usd: 50 },
  window: "hour",
  tiers: [{ at: "100%", block: true }],
}

/** A part of a policy, put where it belongs in a whole one: `part: budgets`, `part: tier`, `part: policy`. */
const partProblem = (snippet: Snippet): string | null => {
  const place = snippet.directive?.[1] ?? ""
  const part = jsonOf(snippet)
  const fields = typeof part === "object" && part !== null ? part : {}
  switch (place) {
    case "policy":
      return policyProblem({ ...BASE, budgets: [BUDGET], ...fields })
    case "budget":
      return policyProblem({ ...BASE, budgets: [{ ...BUDGET, ...fields }] })
    case "tiers":
      return policyProblem({ ...BASE, budgets: [BUDGET, { ...BUDGET, id: "shown", tiers: part }] })
    default:
      return `\`part: ${place}\` is not known; there are policy, budget, tiers`
  }
}

/**
 * Runs the commands of a block at the repository's root, in order, in one shell each. In a `console` block
 * they follow `$ `, and what they print must be what follows, their errors too where they fail; in a `sh` block
 * each must end well.
 */
const commandsProblem = async ({ lang, text }: Snippet): Promise<string | null> => {
  const folder = await mkdtemp(join(tmpdir(), "spendfuse-docs-"))
  try {
    await writeFile(join(folder, "npx"), shim(), { mode: 0o755 })
    const env = { PATH: `${folder}:${process.env.PATH ?? ""}` }
    for (const { command, shown } of lang === "console" ? sessionOf(text) : plain(text)) {
      const ran = await runProcess("bash", ["-c", command], { cwd: ROOT, env })
      if (shown === null && ran.code !== 0)
        return `\`${command}\` ends with ${ran.code}: ${ran.err}`
      const wrong =
        shown === null ? null : mismatch(shown, linesOf(ran.out + (ran.code === 0 ? "" : ran.err)))
      if (wrong !== null) return `\`${command}\`\n${wrong}`
    }
    return null
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
