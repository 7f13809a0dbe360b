// The stores on trial: how each host gets at the one ledger that all share.
import { memoryStore } from "@spendfuse/store-memory"
import { postgresStore } from "@spendfuse/store-postgres"
import { redisStore } from "@spendfuse/store-redis"
import { freshName, startPostgres, startRedis } from "../servers/index.mjs"

/** What may stand after `--store`. */
export const STORE_NAMES = ["memory", "redis", "postgres"]

/** Opens a host's store from what it is told of the place. */
export const openStore = ({ store, url, name }) =>
  store === "redis"
    ? redisStore({ url, prefix: name })
    : postgresStore({ url, schema: name, migrate: true })

/** A ledger of one's own on a server: a given one, or one that is started and stopped. */
export const placeOf = async (store) => {
  if (store === "memory") return { store, stop: async () => undefined }
  const given = process.env[`SPENDFUSE_${store.toUpperCase()}_URL`]
  const name = freshName()
  if (given !== undefined && given !== "") return { store, url: given, name, stop: async () => {} }
  const server = store === "redis" ? await startRedis({ aof: "everysec" }) : await startPostgres()
  return { store, url: server.url, name, stop: () => server.stop() }
}

/** Memory that outlives its hosts: `viewOf` gives each a way in that can be cut like a process can end. */
export const sharedMemory = () => {
  const store = memoryStore()
  return { store, viewOf: () => cuttable(store) }
}

/** Once it is cut nothing of it answers, and nothing reaches the store. */
const cuttable = (store) => {
  let isCut = false
  const killed = new AbortController()
  const never = () => new Promise(() => undefined)
  const view = {}
  for (const [key, value] of Object.entries(store)) {
    if (key === "applyNow") continue
    view[key] =
      typeof value === "function"
        ? async (...args) => (isCut ? never() : settleUnlessCut(value(...args), () => isCut))
        : value
  }
  view.close = async () => undefined
  return {
    view,
    killed: killed.signal,
    cut: () => {
      isCut = true
      killed.abort()
    },
  }
}

const settleUnlessCut = async (answer, isCut) => {
  const value = await answer
  return isCut() ? new Promise(() => undefined) : value
}
