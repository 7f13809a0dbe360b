import { setImmediate as turn } from "node:timers/promises"
import { parentPort, workerData } from "node:worker_threads"
import { type CallRequest, createSpendfuse, type Policy, type Spendfuse } from "@spendfuse/core"
import { redisStore } from "@spendfuse/store-redis"
import { fivePolicy, subjectOf } from "./core.ts"

/** Calls between two turns of the event loop, so that trips in the background come through. */
const TURN_EACH = 100

const { url, prefix } = workerData as { readonly url: string; readonly prefix: string }

const opened = (policy: Policy, name: string): Spendfuse =>
  createSpendfuse({
    policy,
    store: redisStore({ url, prefix: `${prefix}${name}` }),
    storeDeadlineMs: 10_000,
    onNotice: () => undefined,
  })

const lease = { sharePercent: 1, forMs: 30_000 }
const leasedPolicy = {
  ...fivePolicy,
  budgets: fivePolicy.budgets.map((budget) => ({ ...budget, lease })),
}
const hosts = { leased: opened(leasedPolicy, "leased"), plain: opened(fivePolicy, "plain") }
const request: CallRequest = { subject: subjectOf(0), amounts: { usd: 500 } }
const settlement = { amounts: { usd: 100 } }

/** Calls one after the other for so long; how many. */
const callsIn = async (host: Spendfuse, ms: number): Promise<number> => {
  const untilMs = performance.now() + ms
  for (let calls = 0; ; calls += 1) {
    if (calls % TURN_EACH === 0) await turn()
    if (performance.now() >= untilMs) return calls
    const decision = await host.reserve(request)
    if (!decision.allowed) throw new Error(decision.reason)
    await decision.settle(settlement)
  }
}

parentPort?.on("message", async ({ side, ms }: { side: "leased" | "plain"; ms: number }) => {
  if (ms > 0) return parentPort?.postMessage(await callsIn(hosts[side], ms))
  await Promise.all([hosts.leased.close(), hosts.plain.close()])
  process.exit(0)
})
