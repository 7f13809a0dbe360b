// Proofs on real work: many processes on one budget, and the public traces through each store. It prints the
// figures, and ends with 1 where a claim fails. Servers are started, or named by SPENDFUSE_REDIS_URL and SPENDFUSE_POSTGRES_URL.
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"

const USAGE = `npm run proof -- --store memory|redis|postgres
  --processes 8   hosts; in memory they are engines of one process
  --callers 200   of each host
  --calls 40000   about so many use the budget up
  --seconds 120   after that it is over, used up or not
  --lease         with leases, even and skewed, against none
  --share 1% --for 8s
npm run proof -- --traces [--rows 2000] [--store …]
npm run proof -- --simulate
  --json --seed 1`

const isOld = !process.features.typescript
if (isOld || !process.execArgv.includes("--conditions=@spendfuse/source")) {
  const at = (path) => fileURLToPath(new URL(path, import.meta.url))
  const flags = ["--conditions=@spendfuse/source", "--disable-warning=ExperimentalWarning"]
  const args = [...flags, at("proof.mjs"), ...process.argv.slice(2)]
  const { status } = spawnSync(at("../node_modules/.bin/node"), args, { stdio: "inherit" })
  process.exit(status ?? 1)
}

const fail = (problem) => {
  console.error(`${problem}\n${USAGE}`)
  process.exit(2)
}

const asked = () => {
  const text = (value) => ({ type: "string", default: value })
  const flag = { type: "boolean", default: false }
  try {
    return parseArgs({
      options: {
        store: { type: "string" },
        processes: text("8"),
        callers: text("200"),
        calls: text("40000"),
        seconds: text("120"),
        rows: text("2000"),
        seed: text("1"),
        share: text("1%"),
        for: text("8s"),
        lease: flag,
        traces: flag,
        simulate: flag,
        json: flag,
      },
    }).values
  } catch (error) {
    return fail(error.message)
  }
}

const values = asked()
const whole = (name) =>
  /^[1-9]\d{0,8}$/.test(values[name])
    ? Number(values[name])
    : fail(`\`--${name} ${values[name]}\` is no whole number above 0`)

const { STORE_NAMES } = await import("./chaos/stores.mjs")
const { store } = values
if (store !== undefined && !STORE_NAMES.includes(store)) fail(`no store is called \`${store}\``)
const stores = store === undefined ? STORE_NAMES : [store]

const proofs = async () => {
  const seed = whole("seed")
  if (values.simulate) return [(await import("./proof/simulate.mjs")).simulate({ seed })]
  if (values.traces) {
    const { proveTraces } = await import("./proof/traces.mjs")
    return [await proveTraces({ stores, rows: whole("rows") })]
  }
  if (store === undefined) fail("`--store` is missing")
  const { proveLeases, proveShared } = await import("./proof/index.mjs")
  const load = {
    store,
    processes: whole("processes"),
    callers: whole("callers"),
    calls: whole("calls"),
    seconds: whole("seconds"),
    seed,
  }
  if (!values.lease) return [await proveShared(load)]
  return proveLeases({ ...load, lease: { share: values.share, for: values.for } })
}

const results = await proofs()
if (values.json) console.log(JSON.stringify({ proofs: results }))
else
  for (const { load, figures, claims } of results) {
    console.log(JSON.stringify(load))
    for (const [name, value] of Object.entries(figures))
      console.log(`  ${name}: ${JSON.stringify(value)}`)
    for (const { name, holds } of claims) console.log(`${holds ? "holds " : "FAILS "} ${name}`)
  }
const failed = results.flatMap(({ claims }) => claims.filter(({ holds }) => !holds)).length
const held = results.flatMap(({ claims }) => claims).length - failed
if (!values.json) console.log(`${held} passed, ${failed} failed`)
process.exitCode = failed === 0 && held > 0 ? 0 : 1
