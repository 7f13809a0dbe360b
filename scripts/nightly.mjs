// What is too long for every change, from a fresh seed that it prints. In four parts:
//   suite    a hundred times the runs of every law, and more kills
//   fleets   a million fleets, none of which may pass the worst bill of its policy
//   faults   what each fault of a server loses
//   mutants  every file of the domain, mutated
// `npm run nightly` plays all of them, `npm run nightly -- fleets mutants` only some; what is no part goes to vitest.
// The same night again: `LAW_SEED=<the printed seed> npm run nightly`.
import { spawnSync } from "node:child_process"
import { randomInt } from "node:crypto"
import { join } from "node:path"
import { root } from "./workspace.mjs"

const NIGHT_MS = 6 * 3_600_000
const night = {
  LAW_SEED: String(randomInt(2 ** 31)),
  LAW_RUNS: "40000",
  LAW_KILLS: "2000",
  FLEET_POLICIES: "40000",
  FLEETS_EACH: "25",
  PROOF_ROWS: "28185",
  SOAK_CALLS: "100000",
}
const given = Object.entries(process.env).filter(([, value]) => value !== "")
const env = { ...night, ...Object.fromEntries(given) }

/** Runs a file of node; answers its exit code. */
const node = (args, how = env) =>
  spawnSync(process.execPath, args, { cwd: root, env: how, stdio: "inherit" }).status ?? 1

const vitest = [join(root, "node_modules", "vitest", "vitest.mjs"), "run"]
const FLEETS = "packages/core/test/lab/simulate/fleets.laws.test.ts"
const sources = ["--conditions=@spendfuse/source", "--disable-warning=ExperimentalWarning"]
const long = `--testTimeout=${NIGHT_MS}`

const parts = {
  suite: (args) => {
    const byDay = { ...env, FLEET_POLICIES: undefined, FLEETS_EACH: undefined }
    return node([...vitest, "--project=unit", "--project=servers", long, ...args], byDay)
  },
  fleets: () => node([...vitest, "--project=unit", long, FLEETS, "-t", "worst bill"]),
  faults: () =>
    node([...sources, join(root, "scripts", "faults.mjs"), `--seed=${env.LAW_SEED}`], process.env),
  // A mutant meets the laws at the pace and from the seed of every day: it is tried thousands of times over.
  mutants: () => {
    const plain = { ...process.env, LAW_SEED: undefined, LAW_RUNS: undefined }
    return node([join(root, "scripts", "mutants.mjs")], plain)
  },
}

for (const name of Object.keys(night)) console.log(`${name}=${env[name]}`)
const args = process.argv.slice(2)
const named = args.filter((arg) => Object.hasOwn(parts, arg))
const others = args.filter((arg) => !named.includes(arg))
for (const name of named.length > 0 ? named : Object.keys(parts))
  process.exitCode = parts[name](others) || process.exitCode
console.log(`to repeat it: LAW_SEED=${env.LAW_SEED} npm run nightly -- ${args.join(" ")}`)
