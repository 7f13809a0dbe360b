import { type StoreCheck, storeCheck, storeClockCheck } from "@spendfuse/core/ports"
import type { Ask, InspectedNode } from "./client.ts"

/** What a server says of itself, and how it is set. */
export interface ServerSeen {
  readonly version: string
  readonly checks: readonly StoreCheck[]
}

/** Looks at one server's settings, copies, memory and clock. */
export const serverSeen = async (node: InspectedNode, isOne: boolean): Promise<ServerSeen> => {
  const info = fieldsOf(String(await node.ask("INFO")))
  const settings = await settingsOf(node.ask)
  const at = (name: string): string => info.get(name) ?? ""
  const where = isOne ? "" : `${node.address}: `
  const clock = await clockOf(node.ask)
  const checks = [
    role(at("role")),
    eviction(settings?.get("maxmemory-policy") ?? at("maxmemory_policy")),
    memory(Number(at("used_memory")), Number(at("maxmemory"))),
    durability(at("aof_enabled") === "1", settings?.get("appendfsync")),
    disk(at),
    replicas(Number(at("connected_slaves")), settings?.get("min-replicas-to-write")),
    clock,
  ]
  return {
    version: at("redis_version"),
    checks: checks.map((one) => ({ ...one, found: `${where}${one.found}` })),
  }
}

const fieldsOf = (text: string): ReadonlyMap<string, string> =>
  new Map(
    text.split("\r\n").flatMap((line): [string, string][] => {
      const at = line.indexOf(":")
      return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)]]
    }),
  )

/** Managed services hide `CONFIG`: undefined then. */
const settingsOf = async (ask: Ask): Promise<ReadonlyMap<string, string> | undefined> => {
  const settings = new Map<string, string>()
  try {
    for (const name of ["maxmemory-policy", "appendfsync", "min-replicas-to-write"]) {
      const answer = await ask("CONFIG", "GET", name)
      if (Array.isArray(answer)) settings.set(name, String(answer[1]))
    }
    return settings
  } catch {
    return undefined
  }
}

const role = (found: string): StoreCheck =>
  storeCheck(
    "role",
    found === "" ? "role unknown" : `role ${found}`,
    found === "slave" && [
      "fail",
      "a replica takes no decisions, and what it shows may be old",
      "name the master, or the Sentinels that know it",
    ],
  )

const eviction = (policy: string): StoreCheck =>
  storeCheck(
    "maxmemory-policy",
    policy === "" ? "not told" : policy,
    policy !== "noeviction" && [
      policy === "" ? "warn" : "fail",
      "the server may drop counters when its memory is full, and a dropped counter starts at zero: the cap with it",
      "set `maxmemory-policy noeviction`; a full server then refuses, and the policy says what that means",
    ],
  )

const memory = (used: number, most: number): StoreCheck =>
  storeCheck(
    "memory",
    most > 0 ? `${used} of ${most} bytes` : `${used} bytes, no limit`,
    most > 0 &&
      used > 0.9 * most && [
        "warn",
        "at its limit the server refuses every decision",
        "raise `maxmemory`, or move what else lives there",
      ],
  )

const durability = (hasAof: boolean, fsync: string | undefined): StoreCheck => {
  if (!hasAof)
    return storeCheck("appendonly", "no append-only file", [
      "fail",
      "a restart comes up with the last snapshot, or empty: spend, holds and latches since then are forgotten",
      "set `appendonly yes`, and `appendfsync everysec` or `always`",
    ])
  return storeCheck(
    "appendonly",
    `append-only file, appendfsync ${fsync ?? "not told"}`,
    fsync !== "always" && [
      "warn",
      fsync === "no"
        ? "a loss of power forgets what the system had not written, up to half a minute; a crash of the server alone nothing"
        : "a loss of power forgets about the last second; a crash of the server alone nothing",
      "set `appendfsync always` where a second of spend matters, or accept it",
    ],
  )
}

const disk = (at: (name: string) => string): StoreCheck => {
  const states = [
    at("aof_last_write_status"),
    at("aof_last_bgrewrite_status"),
    at("rdb_last_bgsave_status"),
  ]
  const isWell = states.every((state) => state === "ok" || state === "")
  return storeCheck(
    "disk",
    isWell ? "the last writes went well" : "a write to the disk failed",
    !isWell && [
      "fail",
      "what is answered now may be lost at a restart, and the server may refuse to write",
      "look at the server's log and its disk",
    ],
  )
}

const replicas = (connected: number, least: string | undefined): StoreCheck => {
  const found = `${connected} connected, min-replicas-to-write ${least ?? "not told"}`
  if (connected === 0)
    return storeCheck(
      "replicas",
      found,
      Number(least ?? 0) > 0 && [
        "fail",
        "the server refuses every write until a replica is there",
        "bring a replica back, or lower `min-replicas-to-write`",
      ],
    )
  return storeCheck(
    "replicas",
    found,
    least === "0" && [
      "warn",
      "a master that was cut off from its replicas goes on admitting, and what it admits is lost when it comes back",
      "set `min-replicas-to-write 1`",
    ],
  )
}

const clockOf = async (ask: Ask): Promise<StoreCheck> => {
  const before = Date.now()
  const time = await ask("TIME")
  const after = Date.now()
  const [seconds, micros] = Array.isArray(time) ? time.map(Number) : []
  return storeClockCheck(
    Math.round((seconds ?? 0) * 1_000 + (micros ?? 0) / 1_000 - (before + after) / 2),
  )
}
