import { definePolicy } from "@spendfuse/core"
import { apply, compile, emptyLedger, type Plan } from "@spendfuse/core/domain"
import { commandsOf, NOW_MS } from "./core.ts"
import { exactly, type Ratio } from "./rounds.ts"

/** Keys that live as long as the run, sessions that come and go, hours that end. */
const policy = definePolicy({
  budgets: [
    {
      id: "key-hour",
      per: ["apiKey"],
      limit: { usd: 1_000_000 },
      window: "hour",
      tiers: [{ at: "100%", block: true }],
    },
    {
      id: "session",
      per: ["session"],
      limit: { usd: 1_000 },
      window: { lifetime: { idle: "10m" } },
      tiers: [{ at: "100%", block: true }],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
})

const CALLS = 5_000_000
const CALLS_A_SESSION = 100
const CALLS_A_SECOND = 100
const PARTS = 10

/** The largest heap of the last fifth of ten million decisions over that of the second tenth: 1 is flat. */
export const heapFlat = (): Ratio => {
  const { gc } = globalThis
  if (gc === undefined) throw new Error("run it with --expose-gc")
  const ledger = emptyLedger()
  const heaps: number[] = []
  let plan: Plan | undefined
  for (let count = 1; count <= CALLS; count += 1) {
    const nowMs = NOW_MS + Math.floor((count * 1_000) / CALLS_A_SECOND)
    if (plan === undefined || count % CALLS_A_SESSION === 0) plan = planOf(count, nowMs)
    const [reserve, settle] = commandsOf(plan, count)
    const asked = { ...reserve, issuedAtMs: nowMs, expiresAtMs: nowMs + 600_000 }
    if (apply(ledger, asked, nowMs).outcome.kind !== "reserved") throw new Error("refused")
    if (apply(ledger, settle, nowMs).outcome.kind !== "settled") throw new Error("not settled")
    if (count % (CALLS / PARTS) !== 0) continue
    for (let i = 0; i < 3; i += 1) gc()
    heaps.push(process.memoryUsage().heapUsed)
  }
  const value = Math.round((Math.max(...heaps.slice(-2)) / (heaps[1] ?? 0)) * 1_000) / 1_000
  return exactly({ name: "heap-flat", value, goal: 1.1, better: "lower" })
}

const planOf = (count: number, atMs: number): Plan => {
  const subject = { apiKey: `key-${count % 50}`, session: `session-${count}` }
  const plan = compile(policy, subject, atMs)
  if ("missing" in plan) throw new Error(plan.missing)
  return plan
}
