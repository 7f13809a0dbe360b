// Every event is told, whatever dies: `npm run chaos -- --store memory|redis|postgres`.
import { parseArgs } from "node:util"
import { randomOf } from "../random.mjs"
import { isMain } from "../workspace.mjs"
import { startChannels } from "./channels.mjs"
import { ACCOUNTS } from "./host.mjs"
import { memoryHosts, processHosts } from "./hosts.mjs"
import { judge } from "./judge.mjs"
import { openStore, placeOf, STORE_NAMES, sharedMemory } from "./stores.mjs"

/**
 * Hosts make events and deliver them; now and then one is killed and another takes its place; the channels
 * fail. When the given number of events was made and nothing is left in the outbox, what the channels heard
 * is held against the store's log.
 *
 * @param options `store`, `events`, `hosts`, `kills`, `failing` (share of tries), `seed`, `tell` (progress)
 */
export const chaos = async (options) => {
  const place = await placeOf(options.store)
  const random = randomOf(options.seed)
  const channels = await startChannels({ failing: options.failing, random })
  const memory = place.store === "memory" ? sharedMemory() : null
  const store = memory?.store ?? openStore(place)
  const startHost = memory ? memoryHosts(memory, channels.url) : processHosts(place, channels.url)
  try {
    const log = logOf(store)
    await log.read()
    const run = await runHosts({ ...options, random, startHost, log, channels })
    return { ...run, ...channels.counts, ...judge(log.events, channels.heard) }
  } finally {
    await store.close()
    await channels.stop()
    await place.stop()
  }
}

const TURN_MS = 500
/** Longer than the lease of a claim, which a killed host leaves behind, and its retries. */
const DRAIN_MS = 180_000

const runHosts = async ({ hosts, events, kills, random, startHost, log, channels, tell }) => {
  const all = await Promise.all(Array.from({ length: hosts }, (_, i) => startHost(i * 7)))
  const each = Math.max(ACCOUNTS / 4, Math.ceil(events / hosts / 40))
  const making = new Map(all.map((host) => [host, Promise.resolve()]))
  const killEach = events / (kills + 1)
  let killed = 0
  while (log.events.length < events) {
    for (const host of all)
      making.set(
        host,
        making.get(host).then(() => host.make(each)),
      )
    await Promise.all([...all.map((host) => making.get(host)), log.read()])
    if (killed < kills && log.events.length >= killEach * (killed + 1)) {
      const at = Math.floor(random() * all.length)
      const victim = all[at]
      void victim.make(each)
      await sleep(random() * 50)
      await victim.kill()
      all[at] = await startHost(killed * 11)
      making.set(all[at], Promise.resolve())
      killed += 1
    }
    tell(`${log.events.length} events made, ${heardBy(channels)} delivered, ${killed} killed`)
  }
  await log.read()
  const leftInOutbox = await untilTold(log, channels, tell)
  await Promise.all(all.map((host) => host.stop()))
  return { events: log.events.length, killed, leftInOutbox }
}

/** Until every row was heard once. @returns how many were not */
const untilTold = async (log, channels, tell) => {
  const rows = log.events.reduce((sum, event) => sum + event.channels.length, 0)
  for (let passedMs = 0; passedMs < DRAIN_MS; passedMs += TURN_MS) {
    const heard = new Set(
      [...channels.heard].flatMap(([name, told]) => told.map(({ id }) => `${name} ${id}`)),
    )
    tell(`${heard.size} of ${rows} messages heard`)
    if (heard.size >= rows) return 0
    await sleep(TURN_MS)
    if (passedMs + TURN_MS >= DRAIN_MS) return rows - heard.size
  }
}

/** The store's log of events, read to its end each time. */
const logOf = (store) => {
  const events = []
  let after
  return {
    events,
    read: async () => {
      for (;;) {
        const page = await store.events({ ...(after === undefined ? {} : { after }), limit: 1_000 })
        events.push(...page.items.filter(({ channels }) => channels.length > 0))
        if (page.next !== null) after = page.next
        if (page.items.length === 0) return
      }
    },
  }
}

const heardBy = ({ heard }) => [...heard.values()].reduce((sum, told) => sum + told.length, 0)

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

if (isMain(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      store: { type: "string", default: "memory" },
      events: { type: "string", default: "10000" },
      hosts: { type: "string", default: "4" },
      kills: { type: "string", default: "8" },
      failing: { type: "string", default: "0.3" },
      seed: { type: "string", default: "1" },
    },
  })
  if (!STORE_NAMES.includes(values.store)) {
    console.error(`unknown store \`${values.store}\`; write one of ${STORE_NAMES.join(", ")}`)
    process.exit(2)
  }
  const isTerminal = process.stderr.isTTY === true
  const numbers = Object.fromEntries(
    ["events", "hosts", "kills", "failing", "seed"].map((name) => [name, Number(values[name])]),
  )
  const result = await chaos({
    store: values.store,
    ...numbers,
    tell: (line) => isTerminal && process.stderr.write(`\r\u001b[K${line}`),
  })
  console.log(JSON.stringify({ store: values.store, ...numbers, ...result }))
  process.exit(result.problems.length === 0 && result.leftInOutbox === 0 ? 0 : 1)
}
