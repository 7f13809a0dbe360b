// Mutation tests of the domain, file by file: `npm run mutants -- money price`, or all of them (hours).
// MUTANTS_AT_ONCE says how many are tried side by side (2).
// For each file: how many mutants the quick laws, the domain's tests and the scenarios killed, and who survived.
// A file fails under 95 %, and so does a survivor that scripts/mutants/survivors.json does not explain.
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { isMain, root, run } from "./workspace.mjs"

const DOMAIN = "packages/core/src/domain"
const STRYKER = "node_modules/@stryker-mutator/core/bin/stryker.js"
const LEAST = 0.95

/**
 * Not checked types: a mutant that the compiler would refuse counts as one of ours.
 * A runtime error is a mutant with which the tests do not even load: that is noticed as well.
 */
const KILLED = new Set(["Killed", "Timeout", "RuntimeError"])
const SURVIVED = new Set(["Survived", "NoCoverage"])

/** Mutates one file of the domain, and answers each mutant with what became of it. */
const mutate = async (name) => {
  const file = `${DOMAIN}/${name}.ts`
  const args = [STRYKER, "run", "scripts/mutants/stryker.mjs", "--mutate", file]
  const env = { MUTATED_FILE: file, LAW_RUNS: process.env.LAW_RUNS ?? "60" }
  const { code, output } = await run("node", args, { env })
  if (code !== 0) throw new Error(`${file} was not mutated:\n${output}`)
  const { files } = JSON.parse(readFileSync(reportOf(file), "utf8"))
  const { source, mutants } = files[file] ?? NO_CODE
  const lines = source.split("\n")
  return mutants.map(({ status, replacement, location: { start, end } }) => ({
    status,
    line: start.line,
    replacement: replacement.replaceAll(/\s+/g, " "),
    original: textAt(lines, start, end).replaceAll(/\s+/g, " "),
  }))
}

/** A file of types alone has no report. */
const NO_CODE = { source: "", mutants: [] }

/** Where scripts/mutants/stryker.mjs lets it be written. */
const reportOf = (file) =>
  join(root, "node_modules", ".cache", "mutants", file.replaceAll(/\W/g, "-"), "report.json")

const textAt = (lines, start, end) => {
  if (start.line === end.line) return lines[start.line - 1].slice(start.column - 1, end.column - 1)
  const first = lines[start.line - 1].slice(start.column - 1)
  const last = lines[end.line - 1].slice(0, end.column - 1)
  return [first, ...lines.slice(start.line, end.line - 1), last].join("\n")
}

/** What is told of one file; true where it is as it must be. */
const tell = (name, mutants, explained) => {
  if (mutants.length === 0) {
    console.log(`${name}: nothing to mutate`)
    return true
  }
  const killed = mutants.filter(({ status }) => KILLED.has(status)).length
  const survivors = mutants.filter(({ status }) => SURVIVED.has(status))
  const share = killed / Math.max(1, killed + survivors.length)
  const isKnown = ({ original, replacement }) =>
    explained.some((one) => one.original === original && one.replacement === replacement)
  const unknown = survivors.filter((survivor) => !isKnown(survivor))
  console.log(
    `${name}: ${killed} killed, ${survivors.length} survived (${survivors.length - unknown.length} explained), ${(share * 100).toFixed(1)} %`,
  )
  for (const { status, line, original, replacement } of unknown)
    console.log(`  ${status} ${name}.ts:${line}  ${original}  =>  ${replacement}`)
  return share >= LEAST && unknown.length === 0
}

const namesOfAll = () =>
  readdirSync(join(root, DOMAIN), { recursive: true })
    .filter((path) => path.endsWith(".ts"))
    .map((path) => path.replaceAll("\\", "/").replace(/\.ts$/, ""))
    .sort()

if (isMain(import.meta.url)) {
  const explained = JSON.parse(
    readFileSync(join(root, "scripts", "mutants", "survivors.json"), "utf8"),
  )
  const names = namesOfAll()
  const asked = process.argv.slice(2)
  for (const name of asked.length > 0 ? asked : names) {
    try {
      if (!names.includes(name)) throw new Error(`\`${name}\` is no file of ${DOMAIN}`)
      if (!tell(name, await mutate(name), explained[name] ?? [])) process.exitCode = 1
    } catch (error) {
      console.error(error.message)
      process.exitCode = 1
    }
  }
}
