// Real servers for tests and benches; `index.d.mts` beside it tells how they are used.
import { randomBytes } from "node:crypto"

export { startRedisCluster } from "./cluster.mjs"
export { startPgbouncer } from "./pgbouncer.mjs"
export { startPostgres } from "./postgres.mjs"
export { planBySeed, startProxy } from "./proxy.mjs"
export { startRedis } from "./redis.mjs"

/** A name that no other test has: a key prefix, and as it stands a schema. */
export const freshName = (what = "test") => `${what}_${randomBytes(6).toString("hex")}`
