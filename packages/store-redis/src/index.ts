/**
 * Spendfuse's store on Redis: the core's step as one server-side script.
 *
 * @module
 */
export {
  inspect,
  type RedisInspectOptions,
} from "./inspect.ts"
export type {
  RedisClient,
  RedisNode,
  RedisPlace,
  RedisStoreNotice,
  RedisStoreOptions,
  RedisStoreSettings,
} from "./options.ts"
export { redisStore } from "./redisStore.ts"
