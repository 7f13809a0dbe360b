/**
 * Spendfuse in Cloudflare Workers: a fuse for an isolate.
 *
 * @module
 */
export {
  type WaitUntil,
  type WorkerSpendfuseOptions,
  workerSpendfuse,
} from "./workers/workerSpendfuse.ts"
