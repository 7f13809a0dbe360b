import { StoreCorrupt, StoreUnavailable } from "@spendfuse/core/ports"

/**
 * What a driver's error means. Its own text is never passed on: it may hold an address, a password, or the
 * arguments of a command.
 */
export const faultOf = (store: string, error: unknown): StoreUnavailable | StoreCorrupt => {
  if (error instanceof StoreUnavailable || error instanceof StoreCorrupt) return error
  const text = error instanceof Error ? error.message.slice(0, MESSAGE_MAX) : ""
  if (UNREADABLE.test(text)) return new StoreCorrupt(store, corruptOf(text))
  for (const [code, words] of REFUSALS)
    if (new RegExp(`(^|[\\s:-])${code}\\b`).test(text))
      return new StoreUnavailable(store, new Error(`${words} (${code})`))
  if (FAILED.test(text)) return new StoreCorrupt(store, corruptOf(text))
  return new StoreUnavailable(store, new Error(lostOf(error)))
}

const MESSAGE_MAX = 400

/** The server's own codes, and what they mean for whoever keeps it. */
const REFUSALS: readonly (readonly [code: string, words: string])[] = [
  ["OOM", "the server is at its `maxmemory` and takes no more"],
  ["READONLY", "the server is a replica"],
  ["LOADING", "the server is still reading its data"],
  ["BUSY", "a script keeps the server busy"],
  ["NOREPLICAS", "the server has fewer replicas than `min-replicas-to-write`"],
  ["MASTERDOWN", "the replica has lost its master"],
  ["MISCONF", "the server cannot write to its disk"],
  ["CLUSTERDOWN", "the cluster is down"],
  ["TRYAGAIN", "the slot is being moved"],
  ["CROSSSLOT", "keys of one command lie in several slots"],
  ["MOVED", "the slot has moved too often"],
  ["ASK", "the slot is being moved"],
  ["NOAUTH", "the server wants a password"],
  ["WRONGPASS", "the server does not take the password"],
  ["NOPERM", "the user may not run scripts, or not on these keys"],
  ["NOSCRIPT", "the server does not keep scripts"],
]

const UNREADABLE = /WRONGTYPE|\bCORRUPT\b|Bad data format|Missing bytes|Expected .* but found/
const FAILED = /user_script|running script/

/** Only what the script says of itself: never what it had at hand. */
const corruptOf = (text: string): string => {
  if (text.includes("WRONGTYPE")) return "a key holds a value of another type"
  const line = /user_script:(\d+)/.exec(text)?.[1]
  const where = line === undefined ? "" : ` at line ${line}`
  return `the script failed${where}: a record is damaged, or was written by another version`
}

const lostOf = (error: unknown): string => {
  const { code, name, message } = (error ?? {}) as {
    code?: unknown
    name?: unknown
    message?: unknown
  }
  if (typeof code === "string" && /^E[A-Z]{3,20}$/.test(code))
    return `the connection failed (${code})`
  if (name === "AbortError" || name === "TimeoutError") return "its caller no longer waits"
  return message === "Command timed out"
    ? "no answer in time"
    : "there is no connection, or it was lost"
}
