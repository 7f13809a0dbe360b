import { decodePolicy, formatProblem } from "@spendfuse/core"
import { decodeFleet, decodeScenario, play, playedMemory, simulate } from "@spendfuse/core/lab"
import { memoryStore } from "@spendfuse/store-memory"
import { readConfig } from "../../packages/cli/src/gateway/readConfig.ts"
import { processIo } from "../../packages/cli/src/io.ts"
import { readJsonc } from "../../packages/cli/src/jsonc.ts"
import { staleness } from "./include.ts"
import type { Snippet } from "./pages.ts"
import { commandsProblem } from "./runCommands.ts"

/** How a snippet is held to its word. */
export type How =
  | "example"
  | "policy"
  | "scenario"
  | "fleet"
  | "gateway"
  | "part"
  | "commands"
  | "not run"

export type Ruling =
  | { readonly kind: How; readonly why?: string }
  | { readonly kind: "unruled"; readonly why: string }

/** Tells what must be done with a snippet; one that nothing runs and that does not say why is unruled. */
export const rulingOf = (snippet: Snippet): Ruling => {
  const { directive, lang, text } = snippet
  if (directive?.[0] === "not run") return { kind: "not run", why: directive[1] }
  // A Worker's configuration and its program are started as they are by a test of the adapters.
  const isWorkers = isJson(lang) && /"compatibility_date"\s*:/.test(text)
  // A region of a JSON file is no whole: its file is run by a command or another block.
  const isRegion = isJson(lang) && directive?.[1].includes("#") === true
  if (directive?.[0] === "example" && (lang === "ts" || isWorkers || isRegion))
    return { kind: "example" }
  if (directive?.[0] === "part" && isJson(lang)) return { kind: "part" }
  if (isJson(lang) && (directive === null || directive[0] === "example"))
    return /"steps"\s*:/.test(text)
      ? { kind: "scenario" }
      : /"actors"\s*:/.test(text)
        ? { kind: "fleet" }
        : /"budgets"\s*:/.test(text)
          ? { kind: "policy" }
          : /"upstreams"\s*:/.test(text)
            ? { kind: "gateway" }
            : {
                kind: "unruled",
                why: "this JSON is no policy, scenario, fleet or config of a gateway",
              }
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
    case "gateway":
      return staleness(snippet) ?? gatewayProblem(jsonOf(snippet))
    case "scenario":
      return staleness(snippet) ?? scenarioProblem(jsonOf(snippet))
    case "fleet":
      return staleness(snippet) ?? fleetProblem(jsonOf(snippet))
    case "part":
      return partProblem(snippet)
    case "commands": {
      const wrong = await commandsProblem(snippet)
      const isWritten = snippet.directive?.[0] === "written by"
      return wrong !== null && isWritten ? `${wrong}\nrun \`node scripts/docs.mjs\`` : wrong
    }
  }
}

const jsonOf = ({ page, text }: Snippet): unknown =>
  readJsonc({ ...processIo(), read: () => text }, page).value

const isJson = (lang: string): boolean => lang === "json" || lang === "jsonc"

const policyProblem = (json: unknown): string | null => {
  const decoded = decodePolicy(json)
  return decoded.ok ? null : decoded.problems.map(formatProblem).join("\n")
}

const gatewayProblem = (json: unknown): string | null => {
  const read = readConfig(json)
  return read.ok ? null : read.problems.map(formatProblem).join("\n")
}

const scenarioProblem = async (json: unknown): Promise<string | null> => {
  const decoded = decodeScenario(json)
  if (!decoded.ok) return decoded.problems.map(formatProblem).join("\n")
  const missed = (await play(decoded.scenario, playedMemory(memoryStore))).filter(({ met }) => !met)
  return missed.length === 0 ? null : JSON.stringify(missed)
}

const fleetProblem = (json: unknown): string | null => {
  const decoded = decodeFleet(json)
  if (!decoded.ok) return decoded.problems.map(formatProblem).join("\n")
  const { missed } = simulate(decoded.fleet)
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

const ACTOR = {
  name: "people",
  kind: "human",
  every: "5m",
  subject: { apiKey: "k1" },
  model: "gpt-5",
  input: 500,
  output: 200,
  limit: 4000,
  takes: "2s",
}
const FLEET = {
  title: "shown",
  start: "2026-01-15T08:00:00Z",
  lasts: "1h",
  hosts: 2,
  policy: { ...BASE, budgets: [BUDGET] },
  models: { "gpt-5": { input: "1.25", output: "10" } },
  actors: [ACTOR],
}

/** A part of a policy or a fleet, put where it belongs in a whole one: `part: policy`, `part: budget`, `part: actor`. */
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
    case "fleet":
      return fleetProblem({ ...FLEET, ...fields })
    case "actor":
      return fleetProblem({ ...FLEET, actors: [{ ...ACTOR, ...fields }] })
    default:
      return `\`part: ${place}\` is not known; there are policy, budget, tiers, fleet, actor`
  }
}
