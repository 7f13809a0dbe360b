// Runs every check that needs no server and closes with `N passed, N failed`.
import { spawnSync } from "node:child_process"

const checks = [
  ["types", ["tsc", "-p", "tsconfig.json"]],
  ["format and lint", ["biome", "ci", "--colors=off", "--error-on-warnings", "."]],
  ["rooms", ["depcruise", "--config", ".dependency-cruiser.cjs", "packages"]],
]
const results = checks.map(([name, command]) => {
  const { status, stdout, stderr } = spawnSync(command[0], command.slice(1), { encoding: "utf8" })
  const passed = status === 0
  if (!process.argv.includes("--json")) {
    console.log(`${passed ? "ok  " : "FAIL"} ${name}`)
    if (!passed) console.log(`${stdout}${stderr}`)
  }
  return { name, passed }
})
const failed = results.filter((result) => !result.passed).length
if (process.argv.includes("--json")) console.log(JSON.stringify({ checks: results }))
else console.log(`${results.length - failed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
