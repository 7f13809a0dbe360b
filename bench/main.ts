import { spawnSync } from "node:child_process"
import { accountsScaling, bytesPerIdleAccount } from "./accounts.ts"
import { byHandContender } from "./byHand.ts"
import { coreContender } from "./core.ts"
import { engineContender, rateLimiterContender, refusedContender } from "./engine.ts"
import { floorContender } from "./floor.ts"
import { heapFlat } from "./heap.ts"
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
  "heap-flat": () => [heapFlat()],
  fetch: async () => (await import("./fetch.ts")).fetchRatios(),
  "stream-delay": async () => (await import("./streamDelay.ts")).streamDelay(),
  slices: async () => (await import("./slices.ts")).sliceRatios(),
  traces: async () => (await import("./traces.ts")).traceRatios(),
  replay: async () => (await import("./replay.ts")).replayRatios(),
  simulate: async () => (await import("./simulate.ts")).simulateRatios(),
  redis: async () => (await import("./redis.ts")).redisRatios(),
  "redis-accounts": async () => (await import("./redisAccounts.ts")).redisAccounts(),
  postgres: async () => (await import("./postgres.ts")).postgresRatios(),
  "postgres-bytes": async () => (await import("./postgresBytes.ts")).postgresBytes(),
  "durable-object": async () => (await import("./durableObject.ts")).durableObjectRatios(),
  leases: async () => (await import("./leases.ts")).leaseRatios(),
  alerts: async () => (await import("./alerts.ts")).alertRatios(),
  hosts: async () => (await import("./hosts.ts")).hostRatios(),
  gateway: async () => (await import("./gateway.ts")).gatewayRatios(),
  bundle: async () => (await import("./bundle.ts")).bundleRatios(),
}

const args = process.argv.slice(2)
const isJson = args.includes("--json")
const named = args.filter((arg) => !arg.startsWith("--"))
const unknown = named.filter((name) => !Object.hasOwn(benches, name))
if (unknown.length > 0) {
  console.error(`no bench ${unknown.join(", ")}; there are ${Object.keys(benches).join(", ")}`)
  process.exit(2)
}
const [only, ...others] = named
if (only !== undefined && others.length === 0) {
  const ratios = (await benches[only]?.()) ?? []
  console.log(isJson ? JSON.stringify({ ratios }) : ratios.map(lineOf).join("\n"))
  process.exit(0)
}
const ratios: Ratio[] = []
for (const name of named.length > 0 ? named : Object.keys(benches)) {
  for (const ratio of inOwnProcess(name)) {
    ratios.push(ratio)
    if (isJson) console.error(lineOf(ratio))
    else console.log(lineOf(ratio))
  }
}
if (isJson) console.log(JSON.stringify({ ratios }))

/** Both sides of a ratio share a process, two ratios do not: what one has compiled is not the other's. */
function inOwnProcess(name: string): readonly Ratio[] {
  const [, main = ""] = process.argv
  const own = [...process.execArgv, main, name, "--json"]
  const { stdout, status } = spawnSync(process.execPath, own, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  })
  if (status !== 0) throw new Error(`bench ${name} ended with ${status}`)
  return (JSON.parse(stdout) as { ratios: readonly Ratio[] }).ratios
}

function lineOf({ name, value, p10, p90, goal, better, met }: Ratio): string {
  const sign = better === "higher" ? "≥" : "≤"
  return `${met ? "met   " : "MISSED"} ${name}: ${value} [${p10}..${p90}], goal ${sign} ${goal}`
}
