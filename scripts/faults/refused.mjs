// Servers that answer and take nothing: memory full, disk full, a script that keeps Redis busy.
import { mkdirSync, rmdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { Redis } from "ioredis"
import pg from "pg"
import { startPostgres, startRedis } from "../servers/index.mjs"
import { temporaryFolder, until } from "../servers/ports.mjs"
import { mountedDisk } from "./disk.mjs"
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
 * A real disk that is full: a small file system in memory, which only root can mount. For others, what stands in
 * for it: Redis cannot save where a folder has the file's name; a trigger says in PostgreSQL what a full disk does.
 *
 * @param options `store`
 */
export const diskFull = async ({ store }) => {
  const disk = mountedDisk(store === "redis" ? "16m" : "160m")
  if (disk === null) return store === "redis" ? saveFails() : saidToBeFull()
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

/** Redis refuses every write (MISCONF) once it could not save. */
export const saveFails = async () => {
  const folder = temporaryFolder("faults")
  const taken = join(folder.path, "dump.rdb")
  const server = await startRedis({ dir: folder.path, settings: { save: "1 1" } })
  const redis = new Redis(server.url)
  try {
    const result = await whileRefused({
      store: "redis",
      server,
      start: async () => {
        rmSync(taken, { force: true })
        mkdirSync(taken)
        await until("a save that fails", async () =>
          (await redis.info("persistence")).includes("rdb_last_bgsave_status:err"),
        )
      },
      end: async () => {
        rmdirSync(taken)
        await redis.bgsave()
      },
    })
    return { ...result, note: `stand-in, a save that fails: ${result.note}` }
  } finally {
    redis.disconnect()
    await server.stop()
    folder.remove()
  }
}

/** Each reservation fails with the state of a full disk. */
export const saidToBeFull = async () => {
  const server = await startPostgres()
  const client = new pg.Client({ connectionString: server.url })
  try {
    await client.connect()
    await client.query(`create function disk_full() returns trigger language plpgsql as
      $$ begin raise exception 'no space' using errcode = '53100'; end $$`)
    let table = ""
    const result = await whileRefused({
      store: "postgres",
      server,
      start: async ({ name }) => {
        table = `${name}.reservation`
        await client.query(`create trigger disk_full before insert or update or delete on ${table}
          for each statement execute function disk_full()`)
      },
      end: () => client.query(`drop trigger disk_full on ${table}`),
    })
    return { ...result, note: `stand-in, a trigger that raises 53100: ${result.note}` }
  } finally {
    await client.end()
    await server.stop()
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
  await start(place)
  await sleep(900)
  const refusedNow = () =>
    [...journal.calls.values()].filter(({ reason }) => reason === "store-unavailable")
  await until("a call that is refused", () => refusedNow().length > 0)
  host.halt()
  await load
  const refused = refusedNow()
  await end()
  await host.back()
  await host.calls(40)
  await host.back()
  await host.stop()
  const judged = await judgeAt(place, journal, { capCalls })
  const slowestMs = Math.max(...refused.map(({ tookMs }) => tookMs))
  if (refused.some(({ isLate }) => isLate))
    judged.problems.push(`a decision took ${slowestMs} ms at a deadline of 250 ms`)
  const slowest = Math.round(slowestMs)
  return { ...judged, note: `${refused.length} calls refused; slowest decision ${slowest} ms` }
}

const FILL_KEYS = Array.from({ length: 20 }, (_, at) => `fill-${at}`)

const fillMemory = async (redis) => {
  for (const bytes of [4_000_000, 400_000, 40_000, 4_000, 400])
    for (const key of FILL_KEYS) await redis.append(key, Buffer.alloc(bytes)).catch(() => undefined)
}
