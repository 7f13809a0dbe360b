// Servers that answer and take nothing: memory full, disk full, a script that keeps Redis busy.
import { spawnSync } from "node:child_process"
import { closeSync, openSync, rmSync, writeSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { Redis } from "ioredis"
import { startPostgres, startRedis } from "../servers/index.mjs"
import { temporaryFolder } from "../servers/ports.mjs"
import { judgeAt } from "./harmedLine.mjs"
import { startHost } from "./host.mjs"
import { newJournal } from "./journal.mjs"
import { openStore, placeAt } from "./places.mjs"

/** Redis at its `maxmemory`, by other keys than the ledger's. */
export const memoryFull = async () => {
  const server = await startRedis({ maxmemory: "8mb" })
  const redis = new Redis(server.url)
  try {
    return await whileRefused({
      store: "redis",
      server,
      start: () => fillMemory(redis),
      end: () => redis.del(...FILL_KEYS),
    })
  } finally {
    redis.disconnect()
    await server.stop()
  }
}

/** A script of somebody else's keeps Redis from answering, until it is killed. */
export const scriptBusy = async () => {
  const server = await startRedis({ settings: { "busy-reply-threshold": 50 } })
  const [redis, killer] = [new Redis(server.url), new Redis(server.url)]
  try {
    await killer.ping()
    let running
    return await whileRefused({
      store: "redis",
      server,
      start: () => {
        running = redis.eval("while true do end", 0).catch(() => undefined)
      },
      end: async () => {
        await killer.script("KILL")
        await running
      },
    })
  } finally {
    redis.disconnect()
    killer.disconnect()
    await server.stop()
  }
}

/**
 * A real disk that is full: a small file system in memory, which only root can mount.
 *
 * @param options `store`
 * @returns null where it cannot be mounted
 */
export const diskFull = async ({ store }) => {
  const disk = mountedDisk(store === "redis" ? "16m" : "160m")
  if (disk === null) return null
  try {
    const dir = disk.path
    const settings = store === "redis" ? { "auto-aof-rewrite-percentage": 0 } : {}
    const server = await (store === "redis"
      ? startRedis({ aof: "everysec", dir, settings })
      : startPostgres({ dir }))
    try {
      const end = async () => {
        disk.empty()
        // PostgreSQL ends itself where its log finds no room.
        if (store === "postgres") await server.restart()
      }
      return await whileRefused({ store, server, start: () => disk.fill(), end })
    } finally {
      await server.stop()
    }
  } finally {
    disk.unmount()
  }
}

/** Calls before, while and after; none of them is let through without the store. */
const whileRefused = async ({ store, server, start, end }) => {
  const capCalls = 100_000
  const place = placeAt(store, server.url)
  const journal = newJournal()
  const policy = { capCalls }
  const settings = { name: "a", policy, deadlineMs: 250, thinkMs: 400 }
  const host = startHost(openStore(place), settings, journal.of("a"))
  await host.back()
  const load = host.calls(1_000_000, 16)
  await sleep(300)
  await start()
  await sleep(200)
  const slowestMs = await slowestOf(host)
  host.halt()
  await load
  const refused = [...journal.calls.values()].filter(({ reason }) => reason === "store-unavailable")
  await end()
  await host.back()
  await host.calls(40)
  await host.back()
  await host.stop()
  const judged = await judgeAt(place, journal, { capCalls })
  if (refused.length === 0) judged.problems.push("the server refused nothing")
  if (slowestMs > 450)
    judged.problems.push(`a decision took ${slowestMs} ms at a deadline of 250 ms`)
  const slowest = Math.round(slowestMs)
  return { ...judged, note: `${refused.length} calls refused; slowest decision ${slowest} ms` }
}

const slowestOf = async (host) => {
  let slowestMs = 0
  for (let at = 0; at < 600; at += 1) {
    const fromMs = performance.now()
    if ((await host.one()) === "store-unavailable")
      slowestMs = Math.max(slowestMs, performance.now() - fromMs)
    if (at >= 40 && slowestMs > 0) break
  }
  return slowestMs
}

const FILL_KEYS = Array.from({ length: 20 }, (_, at) => `fill-${at}`)

const fillMemory = async (redis) => {
  for (const bytes of [4_000_000, 400_000, 40_000, 4_000, 400])
    for (const key of FILL_KEYS) await redis.append(key, Buffer.alloc(bytes)).catch(() => undefined)
}

const mountedDisk = (size) => {
  const folder = temporaryFolder("disk")
  const options = ["-t", "tmpfs", "-o", `size=${size},mode=777`, "spendfuse-faults", folder.path]
  const { status } = spawnSync("mount", options, { stdio: "ignore" })
  if (status !== 0) {
    folder.remove()
    return null
  }
  const filler = join(folder.path, "filler")
  return {
    path: folder.path,
    fill: () => {
      const file = openSync(filler, "w")
      try {
        for (const bytes of [1_000_000, 4_096]) while (fits(file, bytes));
      } finally {
        closeSync(file)
      }
    },
    empty: () => rmSync(filler),
    unmount: () => {
      spawnSync("umount", ["-l", folder.path], { stdio: "ignore" })
      folder.remove()
    },
  }
}

const fits = (file, bytes) => {
  try {
    return writeSync(file, Buffer.alloc(bytes)) === bytes
  } catch {
    return false
  }
}
