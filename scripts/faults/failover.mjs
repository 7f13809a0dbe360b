// The master of a Redis is killed, and Sentinel makes its replica the master: what the replica had not heard is lost.
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { startRedis } from "../servers/index.mjs"
import { freePort, launch, temporaryFolder, until } from "../servers/ports.mjs"
import { connectOnce, redisServer } from "../servers/redis.mjs"
import { judgeAt } from "./harmedLine.mjs"
import { startHost } from "./host.mjs"
import { newJournal } from "./journal.mjs"
import { openStore, placeAt } from "./places.mjs"

/**
 * Two hosts make calls. A switch is turned and answered (the answer waits for the replica); then the replica
 * is held up and cut off, others are turned, the master dies, and the replica takes over without what it missed.
 *
 * @param options `lagMs`: for how long the replica has heard nothing when the master dies
 */
export const failover = async ({ lagMs }) => {
  const settings = { "repl-diskless-sync-delay": 0 }
  const master = await startRedis({ settings })
  const replica = await startRedis({ replicaOf: master, settings })
  const sentinel = await startSentinel(master.port)
  const journal = newJournal()
  try {
    await until("a replica that Sentinel knows", () => knowsReplica(sentinel.port))
    const sentinels = [{ host: "127.0.0.1", port: sentinel.port }]
    const place = { ...placeAt("redis", master.url), sentinels, master: MASTER }
    const capCalls = 100_000
    const unheard = []
    const onNotice = ({ kind }) => unheard.push(kind)
    const hosts = ["a", "b"].map((name, seed) =>
      startHost(
        openStore(place, { onNotice }),
        { name, seed, policy: { capCalls } },
        journal.of(name),
      ),
    )
    await Promise.all(hosts.map((host) => host.back()))
    await until("a replica that follows", () => follows(master.port, replica.port))
    const load = hosts.map((host) => host.calls(1_000_000))
    const { tookMs, missedFromMs, missedToMs } = await failOver({ hosts, master, replica, lagMs })
    for (const host of hosts) host.halt()
    await Promise.all(load)
    await Promise.all(hosts.map((host) => host.back()))
    const off = await switchedOff(hosts[1])
    const kept = await turnedByAnn(place)
    await Promise.all(hosts.map((host) => host.stop()))
    const mayLose = ({ ackedAtMs }) => missedFromMs <= ackedAtMs && ackedAtMs <= missedToMs
    const judged = await judgeAt(place, journal, { capCalls, mayLose })
    return withClaims(judged, { journal, off, kept, unheard, tookMs })
  } finally {
    await Promise.all([sentinel.stop(), replica.stop(), master.stop()])
  }
}

const MASTER = "ledger"
/**
 * The replica has heard of the first when it is answered; of the second it does not say so in time; and the
 * third it never hears of from the master, which has cut it off.
 */
const SWITCHES = ["heard", "unsure", "lost"]

const failOver = async ({ hosts: [first], master, replica, lagMs }) => {
  const turnOff = (value) =>
    first.spendfuse.operator.switch(
      { dimension: "call", value },
      { state: "off", by: "ann", why: "a loop" },
    )
  await sleep(300)
  // What was answered before has reached the replica once it says that it has this.
  const missedFromMs = performance.now()
  await turnOff(SWITCHES[0])
  process.kill(replica.pid, "SIGSTOP")
  await turnOff(SWITCHES[1])
  await cutOff(master.port)
  await turnOff(SWITCHES[2])
  await sleep(lagMs)
  await master.kill9()
  process.kill(replica.pid, "SIGCONT")
  const missedToMs = performance.now()
  await first.back()
  return { tookMs: performance.now() - missedToMs, missedFromMs, missedToMs }
}

/** A replica is sent what its first copy lacks only once it has said that it is there. */
const follows = async (...ports) => {
  const clients = await Promise.all(ports.map(connectOnce))
  const sizes = await Promise.all(clients.map((client) => client.dbsize()))
  for (const client of clients) client.disconnect()
  return sizes[0] > 0 && sizes[0] === sizes[1]
}

const cutOff = async (port) => {
  const client = await connectOnce(port)
  await client.call("CLIENT", "KILL", "TYPE", "replica")
  client.disconnect()
}

const switchedOff = async (host) => {
  const off = []
  for (const call of SWITCHES) {
    const decision = await host.spendfuse.reserve({ subject: { call }, amounts: {} })
    if (!decision.allowed && decision.reason === "switched-off") off.push(call)
    else if (decision.allowed) await decision.release()
  }
  return off
}

/** What the new master knows that the operator did, and not a host for it. */
const turnedByAnn = async (place) => {
  const store = openStore(place)
  try {
    const { items } = await store.audit({ limit: 1_000 })
    return items.filter(({ by }) => by === "ann").map(({ target }) => target)
  } finally {
    await store.close()
  }
}

const withClaims = (judged, { journal, off, kept, unheard, tookMs }) => {
  const { problems } = judged
  if (!kept.some((target) => target.endsWith("=heard")))
    problems.push("a switch that was answered after WAIT is lost")
  if (kept.some((target) => target.endsWith("=lost")))
    problems.push("the replica had heard of what it should have missed")
  for (const value of SWITCHES)
    if (!off.includes(value)) problems.push(`the switch \`${value}\` does not refuse`)
  if (!unheard.includes("not-replicated")) problems.push("nobody was told that no replica had it")
  if (!journal.notices.some(({ what }) => what === "ledger-rewound"))
    problems.push("the hosts did not notice that the ledger was rewound")
  const note = `answers again after ${Math.round(tookMs)} ms; noticed; the lost switch was set again`
  return { ...judged, note }
}

const startSentinel = async (masterPort) => {
  const folder = temporaryFolder("sentinel")
  const port = await freePort()
  const config = join(folder.path, "sentinel.conf")
  const lines = [
    `port ${port}`,
    "bind 127.0.0.1",
    `dir ${folder.path}`,
    `sentinel monitor ${MASTER} 127.0.0.1 ${masterPort} 1`,
    `sentinel down-after-milliseconds ${MASTER} 2000`,
    `sentinel failover-timeout ${MASTER} 5000`,
  ]
  writeFileSync(config, `${lines.join("\n")}\n`)
  const { program, env } = redisServer()
  const server = await launch(program, [config, "--sentinel"], { env }, async () => {
    const client = await connectOnce(port)
    client?.disconnect()
    return client !== undefined
  })
  return {
    port,
    stop: async () => {
      await server.end("SIGKILL")
      folder.remove()
    },
  }
}

const knowsReplica = async (port) => {
  const client = await connectOnce(port)
  try {
    const replicas = (await client?.call("SENTINEL", "REPLICAS", MASTER)) ?? []
    return replicas.some((fields) => fields.includes("ok") && fields.includes("slave"))
  } finally {
    client?.disconnect()
  }
}
