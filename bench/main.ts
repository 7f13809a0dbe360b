import { accountsScaling, bytesPerIdleAccount } from "./accounts.ts"
import { byHandContender } from "./byHand.ts"
import { coreContender } from "./core.ts"
import { engineContender, rateLimiterContender, refusedContender } from "./engine.ts"
import { floorContender } from "./floor.ts"
import { measure, type Ratio } from "./rounds.ts"

/** Each names its rival; both sides by turns in this process. What is missed stays as missed. */
const benches: Readonly<Record<string, () => Promise<readonly Ratio[]> | readonly Ratio[]>> = {
  "memory-vs-rate-limiter-flexible": async () => [
    await measure({
      name: "memory-vs-rate-limiter-flexible",
      goal: 8,
      better: "higher",
      as: "rate",
      ours: engineContender(),
      theirs: rateLimiterContender(),
      n: 4_000,
    }),
  ],
  "memory-vs-rate-limiter-flexible-sync": async () => [
    await measure({
      name: "memory-vs-rate-limiter-flexible-sync",
      goal: 15,
      better: "higher",
      as: "rate",
      ours: coreContender(1),
      theirs: rateLimiterContender(),
      n: 4_000,
    }),
  ],
  "memory-vs-floor": async () => [
    await measure({
      name: "memory-vs-floor",
      goal: 1.8,
      better: "lower",
      as: "cost",
      ours: coreContender(1),
      theirs: floorContender(1),
      n: 10_000,
    }),
  ],
  "purity-tax": async () => [
    await measure({
      name: "purity-tax",
      goal: 1.15,
      better: "lower",
      as: "cost",
      ours: coreContender(1),
      theirs: byHandContender(),
      n: 10_000,
    }),
  ],
  "refused-vs-admitted": async () => [
    await measure({
      name: "refused-vs-admitted",
      goal: 0.1,
      better: "lower",
      as: "cost",
      ours: refusedContender(),
      theirs: engineContender(),
      n: 4_000,
    }),
  ],
  "accounts-scaling": async () => [await accountsScaling()],
  "bytes-per-idle-account": () => [bytesPerIdleAccount()],
  fetch: async () => (await import("./fetch.ts")).fetchRatios(),
  traces: async () => (await import("./traces.ts")).traceRatios(),
  bundle: async () => (await import("./bundle.ts")).bundleRatios(),
}

const args = process.argv.slice(2)
const isJson = args.includes("--json")
const names = args.filter((arg) => !arg.startsWith("--"))
const unknown = names.filter((name) => !Object.hasOwn(benches, name))
if (unknown.length > 0) {
  console.error(`no bench ${unknown.join(", ")}; there are ${Object.keys(benches).join(", ")}`)
  process.exit(2)
}
const ratios: Ratio[] = []
for (const [name, run] of Object.entries(benches)) {
  if (names.length > 0 && !names.includes(name)) continue
  for (const ratio of await run()) {
    ratios.push(ratio)
    if (!isJson) console.log(lineOf(ratio))
  }
}
if (isJson) console.log(JSON.stringify({ ratios }))
process.exit(0)

function lineOf({ name, value, p10, p90, goal, better, met }: Ratio): string {
  const sign = better === "higher" ? "≥" : "≤"
  return `${met ? "met   " : "MISSED"} ${name}: ${value} [${p10}..${p90}], goal ${sign} ${goal}`
}
