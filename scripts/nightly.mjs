// The suite at night: a hundred times the runs, from a fresh seed that it prints, and more kills; then every fault; then the mutants.
// The same night again: `LAW_SEED=<the printed seed> npm run nightly`.
import { spawnSync } from "node:child_process"
import { randomInt } from "node:crypto"
import { join } from "node:path"
import { root } from "./workspace.mjs"

const HOUR_MS = 3_600_000
const night = {
  LAW_SEED: String(randomInt(2 ** 31)),
  LAW_RUNS: "40000",
  LAW_FLEETS: "25",
  LAW_KILLS: "2000",
  PROOF_ROWS: "28185",
  SOAK_CALLS: "100000",
}
const asked = Object.entries(process.env).filter(([, value]) => value !== "")
const env = { ...night, ...Object.fromEntries(asked) }
for (const name of Object.keys(night)) console.log(`${name}=${env[name]}`)
const vitest = [join(root, "node_modules", "vitest", "vitest.mjs"), "run"]
const projects = ["--project=unit", "--project=servers"]
const { status } = spawnSync(
  process.execPath,
  [...vitest, ...projects, `--testTimeout=${HOUR_MS}`, ...process.argv.slice(2)],
  { cwd: root, env, stdio: "inherit" },
)
const sources = ["--conditions=@spendfuse/source", "--disable-warning=ExperimentalWarning"]
const faults = [join(root, "scripts", "faults.mjs"), `--seed=${env.LAW_SEED}`]
const struck = spawnSync(process.execPath, [...sources, ...faults], { cwd: root, stdio: "inherit" })
// A mutant meets the laws at the pace and from the seed of every day: it is tried thousands of times over.
const mutants = [join(root, "scripts", "mutants.mjs")]
const plain = { ...process.env, LAW_SEED: undefined, LAW_RUNS: undefined }
const mutated = spawnSync(process.execPath, mutants, { cwd: root, env: plain, stdio: "inherit" })
console.log(`to repeat it: LAW_SEED=${env.LAW_SEED} npm run nightly`)
process.exitCode = (status ?? 1) || (struck.status ?? 1) || (mutated.status ?? 1)
