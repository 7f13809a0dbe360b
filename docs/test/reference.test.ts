import { existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { REFUSAL_REASONS } from "@spendfuse/core"
import { COMMAND_ERRORS, USAGE_COMPONENTS } from "@spendfuse/core/domain"
import { describe, expect, it } from "vitest"
import { entries, exportsOf } from "./exports.ts"
import { pagesOf, ROOT, readPage } from "./pages.ts"

/** The rows of a page's tables, cells trimmed, without heads and rules. */
const tableOf = (page: string): readonly (readonly string[])[] =>
  readPage(page)
    .split("\n")
    .filter(
      (line, at, lines) => line.startsWith("|") && !isRule(line) && !isRule(lines[at + 1] ?? ""),
    )
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )

const isRule = (line: string): boolean => /^\|[\s:|-]+$/.test(line)

/** The words in code of a cell. */
const codeIn = (cell: string): readonly string[] =>
  [...cell.matchAll(/`([^`]+)`/g)].map(([, word = ""]) => word)

const namedIn = (page: string): readonly string[] =>
  tableOf(page).flatMap(([first = ""]) => codeIn(first))

const source = (path: string): string => readFileSync(join(ROOT, path), "utf8")

describe("reference", () => {
  it("lists the refusals in the published order, with the status that is sent", () => {
    const rows = tableOf("docs/reference/outcomes.md").filter(([rank]) => /^\d$/.test(rank ?? ""))
    const reasons = rows.map(([, reason = ""]) => codeIn(reason)[0] ?? "")
    expect(reasons).toEqual([...REFUSAL_REASONS, "store-unavailable"])
    const sent = source("packages/adapters/src/fetch/respond.ts")
    for (const [at, reason] of reasons.entries())
      expect(sent).toMatch(new RegExp(`"?${reason}"?: ${rows[at]?.at(-1)},`))
  })

  it("lists every error of a command", () => {
    const named = namedIn("docs/reference/errors.md")
    for (const error of COMMAND_ERRORS) expect(named).toContain(error)
  })

  it("lists every kind of event and of notice", () => {
    const events = namedIn("docs/reference/events.md")
    for (const kind of kindsOf("packages/core/src/domain/event.ts")) expect(events).toContain(kind)
    const notices = namedIn("docs/reference/errors.md")
    for (const kind of kindsOf("packages/core/src/engine/notice.ts"))
      expect(notices).toContain(kind)
  })

  it("lists every field of a policy", () => {
    const page = readPage("docs/reference/policy.md")
    const fields = [
      ...source("packages/core/src/edge/policySchema.ts").matchAll(
        /^\s+(\$?\w+): (?:Schema\.\w+\(|[A-Z]\w+[,.\s])/gm,
      ),
    ].map(([, field]) => field ?? "")
    expect(fields.length).toBeGreaterThan(30)
    for (const field of new Set(fields))
      expect(page).toMatch(new RegExp(`["\`.]${field.replace("$", "\\$")}["\`]`))
  })

  it("lists every field of a fleet, and each kind, fault and habit", () => {
    const prose = readPage("docs/reference/fleet-files.md").replace(/```[\s\S]*?```/g, "")
    const named = new Set(codeIn(prose).flatMap((code) => code.match(/[$\w-]+/g) ?? []))
    const words = wordsOf(JSON.parse(source("packages/core/schema/fleet.json")))
    expect(words.size).toBeGreaterThan(70)
    for (const word of words) expect(named, word).toContain(word)
  })

  it("lists every option", () => {
    const named = namedIn("docs/reference/options.md")
    for (const path of [
      "core/src/host/options.ts",
      "adapters/src/fetch/options.ts",
      "adapters/src/aiSdk/options.ts",
    ]) {
      const options = [...source(`packages/${path}`).matchAll(/^ {2}readonly (\w+)\??:/gm)]
      expect(options.length).toBeGreaterThan(8)
      for (const [, option] of options) expect(named).toContain(option)
    }
  })

  it("names JSON Schemas that the package brings", () => {
    const named = [...readPage("docs/how-to/write-a-policy.md").matchAll(/schema\/\w+\.json/g)]
    expect(named.length).toBeGreaterThan(1)
    for (const [path] of named) expect(existsSync(join(ROOT, "packages/core", path))).toBe(true)
  })

  it("lists every component of a usage", () => {
    const named = namedIn("docs/reference/prices.md")
    for (const component of USAGE_COMPONENTS) expect(named).toContain(component)
  })

  it("names for each law a file that tests it", () => {
    const rows = tableOf("docs/reference/laws.md")
    expect(rows.map(([law = ""]) => law.split(" ")[0])).toEqual(LAWS)
    for (const [law = "", , where = ""] of rows) {
      const [file] = codeIn(where)
      if (file !== undefined)
        expect(source(file), file).toMatch(new RegExp(`\\b${law.split(" ")[0]}\\b`))
    }
  })

  it("lists every option and override of prices", () => {
    const named = namedIn("docs/reference/prices.md")
    for (const file of ["library.ts", "overrides.ts"]) {
      const text = source(`packages/core/src/prices/${file}`)
      const [, body = ""] =
        /export interface (?:LibraryPricesOptions|PriceOverride) \{([\s\S]*?)\n\}/.exec(text) ?? []
      const fields = [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)]
      expect(fields.length).toBeGreaterThan(1)
      for (const [, field] of fields) expect(named).toContain(field)
    }
  })

  it("has the exports of each entry as they are", async () => {
    const page = readPage("docs/reference/api.md")
    for (const [specifier, path] of entries()) {
      const [, section = ""] = page.split(`\n## ${specifier}\n`)
      const shown = [...(section.split("\n## ")[0] ?? "").matchAll(/^- `(\w+)`/gm)]
      const names = exportsOf(path).map(({ name }) => name)
      expect(
        shown.map(([, name]) => name),
        `${specifier}: run \`node scripts/docs.mjs\``,
      ).toEqual(names)
      const values = Object.keys((await import(path)) as object).sort()
      const listed = exportsOf(path)
        .filter(({ kind }) => ["function", "value", "class"].includes(kind))
        .map(({ name }) => name)
      expect(listed, specifier).toEqual(values)
    }
  })
})

describe("links", () => {
  for (const page of pagesOf())
    it(page, () => {
      for (const [, target = ""] of readPage(page).matchAll(/\]\(([^)]+)\)/g)) {
        if (/^https?:/.test(target)) continue
        const [path = "", anchor] = target.split("#")
        const file = path === "" ? page : join(dirname(page), path)
        expect(existsSync(join(ROOT, file)), `${target}`).toBe(true)
        if (anchor !== undefined) expect(anchorsOf(readPage(file))).toContain(anchor)
      }
    })
})

/** The fields and the words that a JSON Schema names, but for those of the policy. */
const wordsOf = (schema: unknown, words = new Set<string>()): ReadonlySet<string> => {
  if (typeof schema !== "object" || schema === null) return words
  for (const [name, value] of Object.entries(schema)) {
    if (name === "policy") continue
    if (name === "properties") for (const field of Object.keys(value as object)) words.add(field)
    if (name === "enum" || name === "const")
      for (const word of [value].flat()) if (typeof word === "string") words.add(word)
    wordsOf(value, words)
  }
  return words
}

const LAWS = [
  ...Array.from({ length: 14 }, (_, at) => `I${at + 1}`),
  ...["R1", "D1", "Q1", "T1", "T2", "T3"],
  ...["P1", "P2", "P3", "P4"],
  ...["W1", "W2", "W3"],
  ...Array.from({ length: 8 }, (_, at) => `C${at + 1}`),
]

const kindsOf = (path: string): readonly string[] =>
  [...source(path).matchAll(/readonly kind: ((?:"[a-z-]+"(?: \| )?)+)/g)].flatMap(
    ([, kinds = ""]) => [...kinds.matchAll(/"([a-z-]+)"/g)].map(([, kind = ""]) => kind),
  )

const anchorsOf = (markdown: string): readonly string[] =>
  [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replace(/[^\w -]/g, "")
      .replaceAll(" ", "-"),
  )
