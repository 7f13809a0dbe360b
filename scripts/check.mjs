// Runs every check that needs no server, two at a time, and closes with `N passed, N failed`.
// `--json` prints one object instead; names after it run those checks alone.
import { checkBundle } from "./bundle.mjs"
import { checkDeno, checkJsr } from "./deno.mjs"
import { checkEmbedded } from "./embed.mjs"
import { checkPackages } from "./packages.mjs"
import { checkTidy } from "./tidy.mjs"
import { inParallel, run } from "./workspace.mjs"

const tool =
  (command, ...args) =>
  async () => {
    const { code, output } = await run(command, args)
    return code === 0 ? [] : [output.trim()]
  }

/** [name, what answers the problems it found]; the longest first. */
const CHECKS = [
  ["docs", tool("vitest", "run", "--project", "docs")],
  ["packages", checkPackages],
  ["types", tool("tsc", "-p", "tsconfig.json")],
  ["declarations", tool("tsc", "-p", "tsconfig.published.json")],
  ["deno", checkDeno],
  ["jsr", checkJsr],
  ["rooms", tool("depcruise", "--config", ".dependency-cruiser.cjs", "packages", "bench")],
  ["dead code", tool("knip", "--no-progress", "--no-config-hints")],
  ["tidy", checkTidy],
  ["embedded", checkEmbedded],
  ["format and lint", tool("biome", "ci", "--colors=off", "--error-on-warnings", ".")],
  ["bundle", checkBundle],
]

const args = process.argv.slice(2)
const json = args.includes("--json")
const wanted = args.filter((arg) => arg !== "--json")
const unknown = wanted.filter((name) => !CHECKS.some(([known]) => known === name))
if (unknown.length > 0) {
  console.error(
    `no check is called \`${unknown[0]}\`; there are ${CHECKS.map(([name]) => name).join(", ")}`,
  )
  process.exit(2)
}

const say = ({ name, problems, seconds }) => {
  console.log(`${problems.length === 0 ? "ok  " : "FAIL"} ${name} (${seconds} s)`)
  for (const problem of problems) console.log(problem.replaceAll(/^/gm, "     "))
}

const perform = async ([name, check]) => {
  const start = performance.now()
  const problems = await check().catch((error) => [`the check itself failed: ${error.stack}`])
  const result = { name, problems, seconds: Math.round((performance.now() - start) / 100) / 10 }
  if (!json) say(result)
  return result
}

const chosen = CHECKS.filter(([name]) => wanted.length === 0 || wanted.includes(name))
const results = await inParallel(chosen, perform)
const failed = results.filter(({ problems }) => problems.length > 0).length
const passed = results.length - failed
if (json) console.log(JSON.stringify({ passed, failed, checks: results }))
else console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
