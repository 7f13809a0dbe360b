// The ledger of one fault, and how each host opens it.
import { postgresStore } from "@spendfuse/store-postgres"
import { redisStore } from "@spendfuse/store-redis"
import { freshName } from "../servers/index.mjs"

/** A ledger of its own on the server at `url`. A place is plain data, so that a child can be told it. */
export const placeAt = (store, url) => ({ store, url, name: freshName("faults") })

/** @param more options of the store itself, e.g. its clock */
export const openStore = ({ store, name, url, sentinels, master }, more = {}) => {
  if (store === "postgres") return postgresStore({ url, schema: name, migrate: true, ...more })
  const at = sentinels === undefined ? { url } : { sentinels, name: master }
  return redisStore({ ...at, prefix: name, onNotice: () => undefined, ...more })
}
