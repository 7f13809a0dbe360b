import type { Command } from "@spendfuse/core/domain"
import type { Store } from "@spendfuse/core/ports"
import { Cluster, type Redis } from "ioredis"
import { describe, expect, inject, it, onTestFinished, vi } from "vitest"
import { freshName } from "../../../scripts/servers/index.mjs"
import {
  Callers,
  clusterOf,
  connected,
  head,
  nodesOf,
  open,
  replayed,
  reserve,
  settle,
} from "./callers.ts"

describe("a division whose slot is moved", () => {
  it("decides as the core does before, while and after, and nothing is counted twice or lost", async () => {
    const cluster = await clusterOf(0)
    const masters = cluster.urls.map(connected)
    const prefix = freshName("moved")
    const stores = [open(cluster.urls, prefix), open(cluster.urls, prefix)]
    const slot = await (masters[0] as Redis).cluster("KEYSLOT", `{${prefix}:acme}`)
    const callers = new Callers(stores)
    await expect.poll(() => callers.seen.length).toBeGreaterThan(50)
    for (let round = 0; round < 2; round++) {
      await move(masters, slot)
      const before = callers.seen.length
      await expect.poll(() => callers.seen.length).toBeGreaterThan(before + 50)
    }
    await callers.stop()
    expect(callers.unexpected).toEqual([])
    const ledger = replayed(callers.seen)
    const keys = [...ledger.accounts.keys()]
    for (const [at, { account }] of (await (stores[0] as Store).read(keys)).entries()) {
      const want = ledger.accounts.get(keys[at] as string)
      const amounts = (meters: NonNullable<typeof account>["meters"] | undefined) =>
        meters?.map(({ settled, held }) => ({ settled, held }))
      expect(amounts(account?.meters)).toEqual(amounts(want?.meters))
    }
  })
})

/** Moves a slot from the master that has it to another one, a key at a time. */
const move = async (masters: readonly Redis[], slot: number): Promise<void> => {
  const counts = await Promise.all(masters.map((one) => one.cluster("COUNTKEYSINSLOT", slot)))
  const from = masters[counts.findIndex((count) => count > 0)] as Redis
  const to = masters[(masters.indexOf(from) + 1) % masters.length] as Redis
  const [fromId, toId] = [await from.cluster("MYID"), await to.cluster("MYID")]
  const { host = "127.0.0.1", port = 0 } = to.options
  await to.cluster("SETSLOT", slot, "IMPORTING", fromId)
  await from.cluster("SETSLOT", slot, "MIGRATING", toId)
  for (;;) {
    const keys = await from.cluster("GETKEYSINSLOT", slot, 1)
    if (keys.length === 0) break
    await from.call("MIGRATE", host, port, "", 0, 5_000, "KEYS", ...keys)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await to.cluster("SETSLOT", slot, "NODE", toId)
  for (const one of masters) if (one !== to) await one.cluster("SETSLOT", slot, "NODE", toId)
}

it("a master whose replica takes over under load: callers go on, and nothing is counted twice or lost", async () => {
  const cluster = await clusterOf(1)
  const masters = cluster.urls.map(connected)
  const prefix = freshName("failover")
  const stores = [open(cluster.urls, prefix), open(cluster.urls, prefix)]
  const slot = await (masters[0] as Redis).cluster("KEYSLOT", `{${prefix}:acme}`)
  const callers = new Callers(stores)
  await expect.poll(() => callers.seen.length).toBeGreaterThan(50)
  const place = Math.floor((slot * 3) / 16_384)
  // An orderly one loses nothing: the master waits until the replica has all.
  const replica = connected((cluster.nodes[3 + place] as { url: string }).url)
  await vi.waitFor(
    async () => {
      // Asked too soon after the cluster was formed it comes to nothing, and must be asked again.
      await replica.cluster("FAILOVER").catch(() => undefined)
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      expect(await replica.info("replication")).toContain("role:master")
    },
    { timeout: 60_000, interval: 1_000 },
  )
  const before = callers.seen.length
  await expect.poll(() => callers.seen.length).toBeGreaterThan(before + 50)
  await callers.stop()
  expect(callers.unexpected).toEqual([])
  replayed(callers.seen)
})

it("every key that a command names or writes lies in its division's slot", async () => {
  const urls = inject("redisClusterUrls")
  const prefix = freshName("slots")
  const store = open(urls, prefix)
  const redis = new Cluster(nodesOf(urls))
  onTestFinished(() => redis.disconnect())
  const person = { by: "ann", why: "a test" }
  const of = reserve("s", 1, "k")
  const [line] = "lines" in of ? of.lines : []
  if (line === undefined || !("lines" in of)) throw new Error("no line")
  const amounts = { usd: 0, tokens: 0, requests: 1 }
  const none = { usd: 0, tokens: 0, requests: 0 }
  const account = line.account
  const commands: readonly Command[] = [
    of,
    {
      ...head("s", 2),
      kind: "extend",
      reservation: of.id,
      issuedAtMs: Date.now(),
      base: amounts,
      perUnit: none,
      units: { least: 0, most: 0 },
      expiresAtMs: null,
    },
    settle("s", 3, 1),
    reserve("s", 4, "k"),
    { ...head("s", 5), kind: "release", reservation: { source: "s", n: 4 } },
    { ...head("s", 6), kind: "charge", lines: of.lines, amounts, ends: null },
    { ...head("s", 7), ...person, kind: "adjust", line, amount: 1 },
    { ...head("s", 8), ...person, kind: "trip", account, coolDownMs: 1_000 },
    {
      ...head("s", 9),
      ...person,
      kind: "acknowledge",
      account,
      generation: 1,
      upTo: 0,
      allow: null,
      line,
    },
    { ...head("s", 10), ...person, kind: "switch", switch: "x", state: "off", untilMs: null },
    { ...head("s", 11), kind: "expire" },
  ]
  const outcomes: string[] = []
  for (const command of commands) {
    const [applied] = await store.apply([command])
    outcomes.push(String(applied?.outcome.kind))
  }
  expect(outcomes).not.toContain("error")
  const keys = (
    await Promise.all(redis.nodes("master").map((node) => node.keys(`*${prefix}*`)))
  ).flat()
  const own = keys.filter((key) => !key.startsWith(`{${prefix}}:`))
  expect(own.length).toBeGreaterThan(8)
  const slots = await Promise.all(own.map((key) => redis.cluster("KEYSLOT", key)))
  const slot = await redis.cluster("KEYSLOT", `{${prefix}:acme}`)
  const home = await redis.cluster("KEYSLOT", `{${prefix}:*}`)
  for (const [at, key] of own.entries())
    expect([key, slots[at]]).toEqual([key, key.startsWith(`{${prefix}:*}`) ? home : slot])
})
