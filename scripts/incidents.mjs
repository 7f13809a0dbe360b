// Simulates every incident of packages/cli/incidents: says whether figures.json there and docs/reference/incidents.md are
// what they give; with --write it writes both. A test says when they are stale.
import { spawnSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const at = (path) => fileURLToPath(new URL(path, import.meta.url))
if (!process.execArgv.includes("--conditions=@spendfuse/source")) {
  const flags = ["--conditions=@spendfuse/source", "--disable-warning=ExperimentalWarning"]
  const args = [...flags, fileURLToPath(import.meta.url), ...process.argv.slice(2)]
  const { status } = spawnSync(at("../node_modules/.bin/node"), args, { stdio: "inherit" })
  process.exit(status ?? 1)
}
const { allFigures, figuresText } = await import("../packages/cli/test/incidents/figures.ts")
const { incidentsPage } = await import("../packages/cli/test/incidents/page.ts")

const isWrite = process.argv.includes("--write")
const figures = allFigures()
for (const [path, text] of [
  ["packages/cli/incidents/figures.json", figuresText(figures)],
  ["docs/reference/incidents.md", incidentsPage(figures)],
]) {
  const file = at(`../${path}`)
  const isStale = readOrNull(file) !== text
  if (!isStale) continue
  console.log(`${isWrite ? "written" : "behind"}: ${path}`)
  if (isWrite) writeFileSync(file, text)
  else process.exitCode = 1
}

function readOrNull(file) {
  try {
    return readFileSync(file, "utf8")
  } catch {
    return null
  }
}
