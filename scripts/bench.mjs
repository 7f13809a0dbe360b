// Runs the bench on the workspace's own Node, from its sources.
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"

const at = (path) => fileURLToPath(new URL(path, import.meta.url))
const flags = [
  "--expose-gc",
  "--conditions=@spendfuse/source",
  "--disable-warning=ExperimentalWarning",
]
const { status } = spawnSync(
  at("../node_modules/.bin/node"),
  [...flags, at("../bench/main.ts"), ...process.argv.slice(2)],
  { stdio: "inherit" },
)
process.exitCode = status ?? 1
