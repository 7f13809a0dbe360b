// kill -9 and restart of the server under load; and a power cut of Redis, by cutting its file back.
import { readdirSync, statSync, truncateSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { startPostgres, startRedis } from "../servers/index.mjs"
import { temporaryFolder } from "../servers/ports.mjs"
import { startHost } from "./host.mjs"
import { newJournal } from "./journal.mjs"
import { judge } from "./judge.mjs"
import { openStore, placeAt } from "./places.mjs"

/**
 * Two hosts make calls while their server is killed and started again. Whatever it had answered it must have;
 * a Redis with `appendfsync everysec` may lack what it answered while it synchronised its file.
 *
 * @param options `store`, `aof` (of Redis), `kills`
 */
export const serverKilled = async ({ store, aof = "always", kills }) => {
  const server = store === "redis" ? await startRedis({ aof }) : await startPostgres()
  try {
    const deaths = []
    const kill = async () => {
      await server.kill9()
      deaths.push(performance.now())
    }
    const late = ({ ackedAtMs }) =>
      deaths.some((atMs) => atMs - PUT_OFF_MS <= ackedAtMs && ackedAtMs <= atMs)
    const mayLose = aof === "everysec" ? late : undefined
    const { judged, notices } = await underLoad({ store, server, kill, kills, mayLose })
    if (mayLose === undefined && notices.has("ledger-rewound"))
      judged.problems.push("a server that lost nothing was taken for rewound")
    return { ...judged, note: `${kills} kills` }
  } finally {
    await server.stop()
  }
}

/**
 * What a loss of power may take from Redis with `appendfsync everysec`: the last second of its file. The file
 * is cut back to its length of a second before the kill, as the kernel would have left it. A switch that was
 * turned within that second is set again by the host that knows it.
 *
 * @param options `kills`
 */
export const powerCut = async ({ kills }) => {
  const folder = temporaryFolder("faults")
  const settings = { "auto-aof-rewrite-percentage": 0 }
  const server = await startRedis({ aof: "everysec", dir: folder.path, settings })
  const cuts = []
  const lengths = watchLength(join(folder.path, "appendonlydir"))
  try {
    const kill = async ({ hosts: [first] }) => {
      await sleep(3_300)
      await first.spendfuse.operator.switch(SWITCHED, { state: "off", by: "ann", why: "a loop" })
      await server.kill9()
      cuts.push({ fromMs: lengths.cutBack(1_000), toMs: performance.now() })
    }
    const mayLose = ({ ackedAtMs }) =>
      cuts.some(({ fromMs, toMs }) => fromMs - PUT_OFF_MS <= ackedAtMs && ackedAtMs <= toMs)
    const { judged, notices, isOff } = await underLoad({
      store: "redis",
      server,
      kill,
      kills,
      mayLose,
    })
    if (!notices.has("ledger-rewound"))
      judged.problems.push("the hosts did not notice that the ledger was rewound")
    if (!isOff) judged.problems.push("the switch that the server had lost was not set again")
    return { ...judged, note: `${kills} cuts; noticed by the hosts; the lost switch was set again` }
  } finally {
    lengths.stop()
    await server.stop()
    folder.remove()
  }
}

/** While it synchronises its file, Redis puts off a write for up to two seconds: so much older may be what it lacks. */
const PUT_OFF_MS = 2_100

/** No call of the load has this value. */
const SWITCHED = { dimension: "call", value: "switched-off" }

const underLoad = async ({ store, server, kill, kills, mayLose }) => {
  const capCalls = 100_000
  const place = placeAt(store, server.url)
  const journal = newJournal()
  const hosts = ["a", "b"].map((name, seed) =>
    startHost(
      openStore(place),
      { name, seed, policy: { capCalls }, thinkMs: 60 },
      journal.of(name),
    ),
  )
  await Promise.all(hosts.map((host) => host.back()))
  for (let killed = 0; killed < kills; killed += 1) {
    const load = hosts.map((host) => host.calls(1_000_000))
    await sleep(500)
    await kill({ hosts })
    await server.restart()
    await Promise.all(hosts.map((host) => host.back()))
    for (const host of hosts) host.halt()
    await Promise.all(load)
    await Promise.all(hosts.map((host) => host.back()))
  }
  await Promise.all(hosts.map((host) => host.stop()))
  const looking = openStore(place)
  try {
    const isOff = await refusesSwitched(looking, capCalls, journal)
    const judged = await judge(looking, journal, { capCalls, mayLose })
    return { judged, isOff, notices: new Set(journal.notices.map(({ what }) => what)) }
  } finally {
    await looking.close()
  }
}

/** Whether a host that never heard of it is refused by the switch. */
const refusesSwitched = async (store, capCalls, journal) => {
  const kept = { ...store, close: async () => undefined }
  const host = startHost(kept, { name: "new", policy: { capCalls } }, journal.of("new"))
  await host.back()
  const decision = await host.spendfuse.reserve({
    subject: { [SWITCHED.dimension]: SWITCHED.value },
    amounts: {},
  })
  await host.stop()
  return !decision.allowed && decision.reason === "switched-off"
}

/** Keeps how long the append-only file was, so that it can be cut back to what it was. */
const watchLength = (folder) => {
  const seen = []
  const file = () =>
    join(
      folder,
      readdirSync(folder).find((name) => name.endsWith(".incr.aof")),
    )
  const timer = setInterval(() => {
    seen.push({ atMs: performance.now(), length: statSync(file()).size })
  }, 25)
  return {
    /** @returns when it had that length: what was answered before is in it */
    cutBack: (ms) => {
      const fromMs = performance.now() - ms
      const last = seen.findLast(({ atMs }) => atMs <= fromMs) ?? seen[0]
      truncateSync(file(), last.length)
      return last.atMs
    },
    stop: () => clearInterval(timer),
  }
}
