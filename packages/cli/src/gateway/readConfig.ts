import { type Problem, shown, under } from "@spendfuse/core"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import type { GatewayConfig } from "./config.ts"
import { GatewayConfigSchema } from "./configSchema.ts"

/** What reading a config gives: the config, or every problem. */
export type ReadConfig =
  | { readonly ok: true; readonly config: GatewayConfig }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** Reads a config from data of unknown shape: all its problems at once, each with its path, value and mend. */
export const readConfig = (input: unknown): ReadConfig => {
  const read = decode(input)
  if (Result.isFailure(read)) return { ok: false, problems: problemsOf(read.failure.issue, input) }
  const problems = senseProblems(read.success)
  return problems.length > 0 ? { ok: false, problems } : { ok: true, config: read.success }
}

const decode = Schema.decodeUnknownResult(GatewayConfigSchema, {
  errors: "all",
  onExcessProperty: "error",
})
const format = SchemaIssue.makeFormatterStandardSchemaV1()

const problemsOf = (issue: SchemaIssue.Issue, input: unknown): readonly Problem[] =>
  format(issue).issues.map(({ path: parts = [], message }) => {
    const keys = parts.map((part) => (typeof part === "object" ? part.key : part))
    const path = keys.reduce<string>(
      (at, part) => under(at, typeof part === "number" ? part : String(part)),
      "",
    )
    const known = WORDS.get(message)
    if (known !== undefined) return { path, message: known }
    const mend = message.startsWith("is not") ? message : wordsOf(message)
    const last = String(keys.at(-1) ?? "")
    return {
      path,
      message: SECRET.test(last) ? mend : `${shown(valueAt(input, keys))} ${mend}`,
    }
  })

/** Somebody may have written the secret itself there. */
const SECRET = /^(?:hash|keyEnv|urlEnv|tokenEnv|baseUrl)$/

const WORDS: ReadonlyMap<string, string> = new Map([
  ["Missing key", "is missing; add it"],
  [
    "Expected no excess property",
    "is not a known field; remove it, and write no secret into the file",
  ],
])

const wordsOf = (message: string): string =>
  `is not what belongs here; write ${message.replace(/^Expected /, "").replace(/, got.*$/s, "")}`

const valueAt = (input: unknown, keys: readonly PropertyKey[]): unknown =>
  keys.reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, key)
        ? (value as Record<PropertyKey, unknown>)[key]
        : undefined,
    input,
  )

/** What a shape cannot say. */
const senseProblems = ({ upstreams, keys, admin }: GatewayConfig): readonly Problem[] => {
  const problems: Problem[] = []
  const add = (path: string, message: string): unknown => problems.push({ path, message })
  if (Object.keys(upstreams).length === 0)
    add("upstreams", 'names none; write e.g. { "openai": { "baseUrl": "https://api.openai.com" } }')
  if (admin !== undefined && Object.keys(admin.people).length === 0)
    add("admin.people", 'names nobody; write e.g. { "ann": { "tokenEnv": "ANN_TOKEN" } }')
  const hashes = new Map<string, string>()
  for (const [name, key] of Object.entries(keys)) {
    const path = under("keys", name)
    if ((key.hash === undefined) === (key.keyEnv === undefined))
      add(path, "needs one of `hash` and `keyEnv`, and not both; write the key's hash")
    const hash = key.hash?.toLowerCase()
    const twin = hash === undefined ? undefined : hashes.get(hash)
    if (twin !== undefined)
      add(under(path, "hash"), `is the key of ${shown(twin)} too; give each its own`)
    if (hash !== undefined) hashes.set(hash, name)
    key.upstreams?.forEach((upstream, at) => {
      if (!Object.hasOwn(upstreams, upstream))
        add(
          under(under(path, "upstreams"), at),
          `${shown(upstream)} is no upstream; write one of ${Object.keys(upstreams).slice(0, 8).map(shown).join(", ")}`,
        )
    })
  }
  const prefixes = new Map<string, string>()
  for (const [name, { prefix }] of Object.entries(upstreams)) {
    if (prefix === undefined) continue
    const twin = prefixes.get(prefix)
    if (twin !== undefined)
      add(
        under(under("upstreams", name), "prefix"),
        `${shown(prefix)} is the prefix of ${shown(twin)} too; give each its own`,
      )
    prefixes.set(prefix, name)
  }
  return problems
}
