// Tries a store by the laws of stores, and closes with `N passed, N failed`. It starts the server it needs, or uses
// the one that SPENDFUSE_REDIS_URL, SPENDFUSE_REDIS_CLUSTER_URL or SPENDFUSE_POSTGRES_URL names.
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"

const USAGE = `npm run conformance -- --store memory|redis|redis-cluster|postgres|durable-object
  --law C1     only this law; more than once for several
  --runs 100   histories of each law
  --seed 42    of all that is random
  --path 3:0:1 only this history, as a conviction told it`

const isOld = !process.features.typescript
if (isOld || !process.execArgv.includes("--conditions=@spendfuse/source")) {
  const at = (path) => fileURLToPath(new URL(path, import.meta.url))
  const flags = ["--conditions=@spendfuse/source", "--disable-warning=ExperimentalWarning"]
  const args = [...flags, at("conformance.mjs"), ...process.argv.slice(2)]
  const { status } = spawnSync(at("../node_modules/.bin/node"), args, { stdio: "inherit" })
  process.exit(status ?? 1)
}
const { openers } = await import("./conformance/openers.mjs")
const { conformanceLaws } = await import("@spendfuse/core/testing")

const fail = (problem) => {
  console.error(`${problem}\n${USAGE}`)
  process.exit(2)
}

const asked = () => {
  try {
    const { values } = parseArgs({
      options: {
        store: { type: "string" },
        law: { type: "string", multiple: true, default: [] },
        runs: { type: "string", default: "100" },
        seed: { type: "string", default: "42" },
        path: { type: "string" },
      },
    })
    return values
  } catch (error) {
    return fail(error.message)
  }
}

const whole = (name, text) =>
  /^\d{1,9}$/.test(text) ? Number(text) : fail(`\`--${name} ${text}\` is no whole number`)

const { store, law: wanted, path, ...numbers } = asked()
const runs = whole("runs", numbers.runs)
const seed = whole("seed", numbers.seed)
if (store === undefined || !Object.hasOwn(openers, store))
  fail(`no store is called \`${store ?? ""}\``)
if (runs < 1) fail("`--runs 0` tries nothing; write 1 or more")

const none = async () => fail("nothing is open yet")
const known = conformanceLaws({ open: none, corrupt: none }).map(({ id }) => id)
const unknown = wanted.find((id) => !known.includes(id))
if (unknown !== undefined) fail(`no law is called \`${unknown}\`; there are ${known.join(", ")}`)

/** A line that is written over, where somebody looks on. */
const progress = (text) => {
  if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K${text}`)
}

const opener = await openers[store]()
let passed = 0
let failed = 0
try {
  const laws = conformanceLaws({
    ...opener.options,
    runs,
    seed,
    ...(path === undefined ? {} : { path }),
    onRun: (id, run) => progress(`${id} ${run}`),
  })
  for (const { id, name, run } of laws) {
    if (wanted.length > 0 && !wanted.includes(id)) continue
    const start = performance.now()
    const convicted = await run().then(
      () => null,
      (error) => error,
    )
    const seconds = ((performance.now() - start) / 1_000).toFixed(1)
    progress("")
    console.log(`${convicted === null ? "ok  " : "FAIL"} ${name} (${seconds} s)`)
    if (convicted !== null) console.log(convicted.message.replaceAll(/^/gm, "     "))
    if (convicted === null) passed += 1
    else failed += 1
  }
} finally {
  await opener.close()
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1
