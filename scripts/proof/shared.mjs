// Many processes on one budget: runs them, watches the account meanwhile, and judges what is left.
import { placeOf } from "../chaos/stores.mjs"
import { ACCOUNT, limitOf } from "./budget.mjs"
import { startHosts } from "./hosts.mjs"
import { judge } from "./judge.mjs"
import { serverTime } from "./serverTime.mjs"

/** Of a skewed load: callers of every host but the first, for each twenty of the first's. */
const SKEW = 20
const LOOK_EACH_MS = 50

/**
 * Lets `processes` × `callers` spend one budget until it is used up.
 *
 * @param place the store and where it is, as `placeOf` answers it; a server is started where it is missing
 * @returns the figures, and the claims with what became of each
 */
export const proveShared = async (options) => {
  const { store: name, place = await placeOf(name), lease = null, isSkewed = false } = options
  const {
    processes = 8,
    callers = 200,
    calls = 40_000,
    seconds = 120,
    callMs = 40,
    seed = 1,
  } = options
  const order = { calls, lease, callMs, seconds, seed }
  const orders = Array.from({ length: processes }, (_, at) => ({
    ...order,
    at,
    callers: isSkewed && at > 0 ? Math.ceil(callers / SKEW) : callers,
  }))
  try {
    const { store, hosts } = await startHosts(place, orders)
    const limit = limitOf(order)
    const startMs = performance.now()
    const server = await serverTime(place)
    const watch = watching(store)
    const books = await Promise.all(hosts.map(({ run }) => run()))
    const tookMs = performance.now() - startMs
    const told = (await Promise.all(hosts.map(({ close }) => close()))).flat()
    const watched = await watch.end()
    const storeMicros = await server.end()
    const events = await allEvents(store)
    await store.close()
    const load = { processes, callers, lease, isSkewed, store: name }
    return judge({ load, limit, books, told, events, watched, storeMicros, tookMs })
  } finally {
    if (options.place === undefined) await place.stop()
  }
}

/** Looks at the account while it is spent: the most that was ever settled and held together. */
const watching = (store) => {
  let isOver = false
  let most = 0
  let looks = 0
  const look = async () => {
    const [record] = await store.read([ACCOUNT])
    const meter = record?.account?.meters[0]
    looks += 1
    most = Math.max(most, (meter?.settled ?? 0) + (meter?.held ?? 0))
    return { settled: meter?.settled ?? 0, held: meter?.held ?? 0 }
  }
  const loop = async () => {
    while (!isOver) {
      await look()
      await new Promise((resolve) => setTimeout(resolve, LOOK_EACH_MS))
    }
  }
  const looping = loop()
  return {
    end: async () => {
      isOver = true
      await looping
      const last = await look()
      return { ...last, most, looks }
    },
  }
}

const allEvents = async (store) => {
  const events = []
  let after
  for (;;) {
    const page = await store.events({ limit: 1_000, ...(after === undefined ? {} : { after }) })
    events.push(...page.items)
    if (page.next === null || page.items.length === 0) return events
    after = page.next
  }
}
