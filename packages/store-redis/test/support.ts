import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { DomainEvent } from "@spendfuse/core/domain"
import { toPlain } from "@spendfuse/core/wire"
import { onTestFinished } from "vitest"
import { freshName } from "../../../scripts/servers/index.mjs"
import { type Client, clientOf, type Script, scriptOf } from "../src/client.ts"
import { Divisions } from "../src/divisions.ts"
import type { RedisPlace, RedisStoreNotice } from "../src/options.ts"
import { Outbox } from "../src/outbox.ts"
import { Shelf } from "../src/shelf.ts"

export const NOW_MS = 1_790_000_000_000

/** A script that tells what a test says, as a step tells what it raised. */
const TELL: Script = scriptOf(
  `${readFileSync(join(import.meta.dirname, "../src/lua/outbox.lua"), "utf8")}
   outbox.tell(KEYS[1], cjson.decode(ARGV[1]), tonumber(ARGV[2]), 10, 10)`,
)

/** An outbox whose clock a test moves. */
export interface Clocked {
  readonly client: Client
  readonly shelf: Shelf
  readonly outbox: Outbox
  readonly notices: RedisStoreNotice[]
  /** Another process on the same keys. */
  readonly other: () => Outbox
  readonly tell: (events: readonly DomainEvent[], division?: string) => Promise<void>
  nowMs: number
}

export const outboxAt = (place: RedisPlace): Clocked => {
  const client = clientOf(place)
  onTestFinished(() => client.close())
  const prefix = freshName("outbox")
  const name = client.isCluster ? "redis-cluster" : "redis"
  const notices: RedisStoreNotice[] = []
  const divisions = new Divisions({ name, client, prefix })
  const onNotice = (notice: RedisStoreNotice): void => void notices.push(notice)
  const shelf = new Shelf({ name, prefix, client, divisions, onNotice })
  const state = { nowMs: NOW_MS }
  const nowMs = (): number => state.nowMs
  const other = (): Outbox =>
    new Outbox({ shelf, nowMs, eventsKept: 10, auditKept: 10, deadLettersKept: 2 })
  const tell = async (events: readonly DomainEvent[], division = "*"): Promise<void> => {
    await divisions.listed(division)
    const args = [JSON.stringify(events.map(wireOf)), String(state.nowMs)]
    await shelf.one({ script: TELL, keys: [shelf.base(shelf.outboxOf(division))], args })
  }
  return Object.assign(state, { client, shelf, outbox: other(), notices, other, tell })
}

/** As a step writes it: an event of a tier names the tier in place of its label. */
const wireOf = (event: DomainEvent): unknown => toPlain(event)

/** `key` passed its probation: an event with a place in its account's order. */
export const eventOf = (key: string, n: number, channels: readonly string[]): DomainEvent => ({
  id: `hour/${key}/${n}/open`,
  kind: "circuit",
  account: `hour/${key}`,
  incident: `hour/${key}/${n}`,
  state: "open",
  generation: n,
  untilMs: null,
  observed: false,
  by: null,
  why: null,
  atMs: NOW_MS,
  channels,
})

export const auditOf = (n: number): DomainEvent => ({
  id: `ops/${n}/audit`,
  kind: "audit",
  verb: "trip",
  target: "hour/a",
  by: "ann",
  why: `\u0000 number ${n}`,
  atMs: NOW_MS,
  channels: [],
})
