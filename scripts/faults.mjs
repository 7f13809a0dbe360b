// What each fault costs: every fault of the two stores, longer than in the tests, and a table of what was lost.
// `npm run faults -- --store redis --fault killed --times 5 --seed 7`; `--json` for programs.
import { parseArgs } from "node:util"
import { faultsOf } from "./faults/index.mjs"
import { tableOf } from "./faults/table.mjs"
import { startPostgres, startRedis } from "./servers/index.mjs"
import { isMain } from "./workspace.mjs"

const STORES = ["redis", "postgres"]

/** Runs all faults of a store, one after the other. @returns one row each */
const strike = async (store, { times, seed, fault, tell }) => {
  const server = store === "redis" ? await startRedis() : await startPostgres()
  const rows = []
  try {
    for (const { name, promise, run } of faultsOf(store)) {
      if (!name.includes(fault)) continue
      tell(`${store}: ${name}`)
      const result = await run({ url: server.url, times, seed }).catch((error) => broken(error))
      rows.push({ store, name, promise, ...result })
    }
  } finally {
    await server.stop()
  }
  return rows
}

const NOTHING = {
  calls: 0,
  acknowledged: 0,
  lost: 0,
  unposted: 0,
  spentNano: 0,
  lostNano: 0,
  overCapNano: 0,
  tooMuchNano: 0,
}
const broken = ({ message }) => ({
  ...NOTHING,
  problems: [message],
  note: "did not come to its end",
})

if (isMain(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      store: { type: "string" },
      fault: { type: "string", default: "" },
      times: { type: "string", default: "5" },
      seed: { type: "string", default: "1" },
      json: { type: "boolean", default: false },
    },
  })
  if (values.store !== undefined && !STORES.includes(values.store)) {
    console.error(`unknown store \`${values.store}\`; write one of ${STORES.join(", ")}`)
    process.exit(2)
  }
  const tell = (line) => process.stderr.isTTY === true && process.stderr.write(`\r\u001b[K${line}`)
  const options = {
    times: Number(values.times),
    seed: Number(values.seed),
    fault: values.fault,
    tell,
  }
  const rows = []
  for (const store of STORES)
    if (values.store === undefined || values.store === store)
      rows.push(...(await strike(store, options)))
  tell("")
  console.log(values.json ? JSON.stringify(rows) : tableOf(rows))
  process.exit(rows.every(({ problems }) => problems.length === 0) ? 0 : 1)
}
