import { apply, type Command, compile, emptyLedger, type Policy } from "@spendfuse/core/domain"
import type { Applied } from "@spendfuse/core/ports"
import pg from "pg"
import { afterAll, expect, inject, it } from "vitest"
import { definePolicy } from "../../core/src/index.ts"
import { postgresStore } from "../src/index.ts"

const url = inject("postgresUrl")
const schemas: string[] = []

afterAll(async () => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  for (const schema of schemas) await client.query(`drop schema if exists ${schema} cascade`)
  await client.end()
})

const policy: Policy = definePolicy({
  budgets: [
    {
      id: "platform",
      per: ["platform"],
      limit: { requests: 60 },
      window: "hour",
      tiers: [{ at: "100%", block: true }],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
})

const reserve = (source: string, n: number): Command => {
  const atMs = Date.now()
  const plan = compile(policy, {}, atMs)
  if ("missing" in plan) throw new Error(plan.missing)
  const { lines, switches, division } = plan
  return {
    ...{ kind: "reserve", id: { source, n }, done: 0, division, issuedAtMs: atMs },
    ...{ lines, switches, base: { usd: 0, tokens: 0, requests: 1 } },
    ...{ perUnit: { usd: 0, tokens: 0, requests: 0 }, units: { least: 0, most: 0 } },
    ...{ expiresAtMs: atMs + 600_000, via: null, swallowed: 0 },
  }
}

/** What hosts that ask at once are answered; the first word of a fault where there is none. */
const answersOf = async (sql: string): Promise<readonly string[]> => {
  const schema = `locks_${process.pid}_${schemas.length}`
  schemas.push(schema)
  const hosts = Array.from({ length: 6 }, () =>
    postgresStore({ url, schema, migrate: true, history: true, connections: 1 }),
  )
  for (const host of hosts) await host.list({ limit: 1 })
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(`set search_path = ${schema}; ${sql}`)
  await client.end()
  const seen: { command: Command; applied: Applied }[] = []
  const faults: string[] = []
  await Promise.all(
    hosts.map(async (host, at) => {
      for (let n = 1; n <= 25; n += 1) {
        const command = reserve(`s${at}`, n)
        const [applied] = await host.apply([command]).catch((error: Error) => {
          faults.push(error.name)
          return []
        })
        if (applied !== undefined) seen.push({ command, applied })
      }
    }),
  )
  await Promise.all(hosts.map((host) => host.close()))
  seen.sort((one, other) => (one.applied.rank ?? 0) - (other.applied.rank ?? 0))
  const ledger = emptyLedger()
  const wrong = seen.flatMap(({ command, applied }) => {
    const { outcome } = apply(ledger, command, applied.storeTimeMs)
    return outcome.kind === applied.outcome.kind ? [] : [`${command.id.source}/${command.id.n}`]
  })
  return [...wrong, ...faults]
}

it("keeps one order among hosts, and would not without its locks", async () => {
  expect(await answersOf("select 1")).toEqual([])
  const lockless = `create or replace function lock_divisions(commands jsonb, more text[]) returns void
    language sql as 'select'`
  // Two hosts must meet for that: they do nearly each time.
  await expect.poll(() => answersOf(lockless), { timeout: 120_000 }).not.toEqual([])
})
