import { apply, type Command, compile, emptyLedger } from "@spendfuse/core/domain"
import type { Applied } from "@spendfuse/core/ports"
import { expect, inject, it, onTestFinished } from "vitest"
import { freshName } from "../../../scripts/servers/index.mjs"
import { definePolicy } from "../../core/src/index.ts"
import { redisStore } from "../src/index.ts"

const policyOf = (limit: number) =>
  definePolicy({
    budgets: [
      {
        id: "platform",
        per: ["platform"],
        limit: { requests: limit },
        window: "month",
        tiers: [
          { at: "80%", notify: ["slack"] },
          { at: "100%", block: true, notify: ["pager"] },
        ],
      },
      {
        id: "key",
        per: ["apiKey"],
        limit: { requests: limit },
        window: "month",
        tiers: [{ at: "100%", block: true }],
      },
    ],
    unknownModel: "refuse",
    onStoreUnavailable: "deny",
  })

const open = (prefix = freshName("redis"), history = false) => {
  const store = redisStore({ url: inject("redisUrl"), prefix, history })
  onTestFinished(() => store.close())
  return store
}

const reserve = (source: string, n: number, apiKey: string, limit = 100): Command => {
  const atMs = Date.now()
  const plan = compile(policyOf(limit), { apiKey }, atMs)
  if ("missing" in plan) throw new Error(plan.missing)
  return {
    kind: "reserve",
    id: { source, n },
    done: 0,
    ...plan,
    issuedAtMs: atMs,
    base: { usd: 0, tokens: 0, requests: 1 },
    perUnit: { usd: 0, tokens: 0, requests: 0 },
    units: { least: 0, most: 0 },
    expiresAtMs: atMs + 600_000,
    via: null,
    swallowed: 0,
  }
}

const settle = (source: string, n: number): Command => ({
  kind: "settle",
  id: { source, n: n + 1 },
  done: 0,
  division: "*",
  reservation: { source, n },
  seq: 1,
  actual: { usd: 0, tokens: 0, requests: 1 },
  final: true,
})

it("many hosts never pass the cap, each tier fires once, and the order explains every answer", async () => {
  const prefix = freshName("redis")
  const hosts = Array.from({ length: 4 }, () => open(prefix, true))
  const seen: { command: Command; applied: Applied }[] = []
  const ask = async (host: (typeof hosts)[number], command: Command) => {
    const [applied] = await host.apply([command])
    if (applied === undefined) throw new Error("no answer")
    seen.push({ command, applied })
    return applied.outcome
  }
  await Promise.all(
    hosts.flatMap((host, at) =>
      Array.from({ length: 20 }, async (_, caller) => {
        const source = `s${at}-${caller}`
        for (let n = 1; n <= 5; n += 2) {
          const outcome = await ask(host, reserve(source, n, "k"))
          if (outcome.kind === "reserved") await ask(host, settle(source, n))
        }
      }),
    ),
  )
  seen.sort((one, other) => (one.applied.rank ?? 0) - (other.applied.rank ?? 0))
  const ledger = emptyLedger()
  for (const { command, applied } of seen) {
    const { outcome, events } = apply(ledger, command, applied.storeTimeMs)
    expect(applied.outcome).toEqual(outcome)
    expect(applied.eventsWritten).toBe(events.length)
  }
  expect(seen.filter(({ applied }) => applied.outcome.kind === "reserved").length).toBe(100)
  const { items } = (await hosts[0]?.events({ limit: 1_000 })) ?? { items: [] }
  const tiers = items.filter(({ kind, id }) => kind === "tier" && id.startsWith("platform"))
  expect(tiers.length).toBe(2)
})

it("keeps any text, and lists accounts in the order of their keys", async () => {
  const store = open()
  const odd = ["\u0000", "\ud800", "__proto__", "a\u0001\ue000", "🙂", "{x}%", "x".repeat(10_000)]
  for (const name of odd) {
    const [applied] = await store.apply([reserve(`${name}s`, 1, name)])
    expect(applied?.outcome).toMatchObject({ kind: "reserved" })
  }
  const { items, next } = await store.list({ limit: 3 })
  const rest = await store.list({ limit: 100, after: next ?? "" })
  const keys = [...items, ...rest.items].map(({ key }) => key)
  expect(keys).toEqual([...keys].sort())
  expect(keys).toHaveLength(odd.length + 1)
  const [read] = await store.read([`key/${odd[0]}`])
  expect(read?.account).toMatchObject({ meters: [{ held: 1, terms: { budget: "key" } }] })
})

it("holds the largest limit to the nano", async () => {
  const store = open()
  const most = Number.MAX_SAFE_INTEGER
  const whole = {
    ...reserve("s", 1, "k", most),
    base: { usd: 0, tokens: 0, requests: most - 1 },
  } as Command
  const [first] = await store.apply([whole])
  expect(first?.outcome).toMatchObject({ kind: "reserved" })
  const [read] = await store.read(["key/k"])
  expect(read?.account?.meters[0]?.held).toBe(most - 1)
  const [second] = await store.apply([reserve("s", 2, "k", most)])
  expect(second?.outcome).toMatchObject({ kind: "reserved" })
  const [third] = await store.apply([reserve("s", 3, "k", most)])
  expect(third?.outcome).toMatchObject({ kind: "refused", reason: "busy" })
})
