import type { Command } from "@spendfuse/core/domain"
import type { Store } from "@spendfuse/core/ports"
import type { Redis } from "ioredis"
import { expect, it, vi } from "vitest"
import { freshName } from "../../../scripts/servers/index.mjs"
import { Callers, clusterOf, connected, ENDLESS, open, replayed, type Seen } from "./callers.ts"

const idOf = ({ command }: { readonly command: Command }): string =>
  `${command.id.source}/${command.id.n}`

const rankOf = ({ applied }: Seen): number => applied.rank ?? 0

it("a master that is killed under load: callers go on, and only the last answers before it may be lost", async () => {
  const cluster = await clusterOf(1)
  const masters = cluster.urls.map(connected)
  const prefix = freshName("killed")
  const stores = [open(cluster.urls, prefix), open(cluster.urls, prefix)]
  const slot = await (masters[0] as Redis).cluster("KEYSLOT", `{${prefix}:acme}`)
  const place = Math.floor((slot * 3) / 16_384)
  const callers = new Callers(stores, ENDLESS)
  await expect.poll(() => callers.seen.length).toBeGreaterThan(300)
  // A replica that is called online hears of writes only a second later.
  const replica = connected((cluster.nodes[3 + place] as { url: string }).url)
  await vi.waitFor(
    async () => expect(await replica.info("replication")).toMatch(/slave_repl_offset:\d{5,}/),
    30_000,
  )
  await cluster.nodes[place]?.kill9()
  const killedAtMs = Date.now()
  const isLater = ({ applied }: Seen): boolean => applied.storeTimeMs > killedAtMs
  await expect.poll(() => callers.seen.filter(isLater).length).toBeGreaterThan(300)
  await callers.stop()
  expect(callers.unexpected).toEqual([])
  expect(callers.unavailable).toBeGreaterThan(0)

  // One clock for all: nobody takes its place before it is missed for two seconds.
  const after = callers.seen.filter(isLater)
  const before = callers.seen.filter((seen) => !isLater(seen))
  const firstRank = Math.min(...after.map(rankOf))
  const kept = before.filter((seen) => rankOf(seen) < firstRank)
  const lost = before.filter((seen) => rankOf(seen) >= firstRank)
  // The replica had all but what was under way to it.
  expect(lost.length).toBeLessThan(kept.length)
  const survivors = [...kept, ...after]
  expect(new Set(survivors.map(rankOf)).size).toBe(survivors.length)
  expect(new Set(survivors.map(idOf)).size).toBe(survivors.length)
  const ledger = replayed(survivors)
  const keys = [...ledger.accounts.keys()]
  for (const [at, { account }] of (await (stores[0] as Store).read(keys)).entries()) {
    const [meter] = account?.meters ?? []
    const [want] = ledger.accounts.get(keys[at] as string)?.meters ?? []
    expect([meter?.settled, meter?.held]).toEqual([want?.settled, want?.held])
  }
})
