import type { Store } from "@spendfuse/core/ports"
import { Applier } from "./applier.ts"
import { Divisions } from "./divisions.ts"
import { Logs } from "./logs.ts"
import { Objects } from "./objects.ts"
import { Outbox } from "./outbox.ts"
import type { ObjectNamespace } from "./platform.ts"
import { Reader } from "./reader.ts"
import { NAME } from "./tables.ts"

/** Where the objects are. */
export interface DurableObjectStoreOptions {
  /** The binding to the class that `ledgerObject` made: `env.SPENDFUSE`. */
  readonly namespace: ObjectNamespace
  /** Begins the names of all objects, so that several ledgers fit in one namespace; `spendfuse` unless given. */
  readonly prefix?: string
  /** For tests: the store's clock, epoch milliseconds; each object's own unless given. */
  readonly nowMs?: () => number
  /** Ranks what it applies, within each division. */
  readonly history?: boolean
}

/**
 * A store on Durable Objects, one for each division, for Workers. A command stays in its division: budgets
 * that do not count by the policy's `partitionBy` need a lease. Nothing is answered before it is stored.
 *
 * @throws TypeError for a prefix that is none
 * @example
 * durableObjectStore({ namespace: env.SPENDFUSE })
 */
export const durableObjectStore = (options: DurableObjectStoreOptions): Store => {
  const { namespace, prefix = "spendfuse", nowMs, history = false } = options
  if (!/^[\w.-]{1,64}$/.test(prefix))
    throw new TypeError(
      `\`prefix\` is \`${String(prefix).slice(0, 80)}\`; give up to 64 letters, digits, \`_\`, \`.\` or \`-\``,
    )
  const objects = new Objects({ namespace, prefix, nowMs })
  const divisions = new Divisions(objects)
  const applier = new Applier({ objects, divisions, nowMs, history })
  const reader = new Reader(objects, divisions)
  const logs = new Logs(objects, divisions)
  const outbox = new Outbox(objects, divisions)
  return {
    name: NAME,
    endsWithProcess: false,
    spansDivisions: false,
    apply: async (commands, signal) => {
      signal?.throwIfAborted()
      objects.assertOpen()
      reader.learn(commands)
      return applier.apply(commands, signal)
    },
    read: (accounts) => reader.read(accounts),
    list: (query) => reader.list(query),
    events: (query) => logs.page("events", query),
    unheard: (query) => logs.unheard(query),
    audit: (query) => logs.page("audit", query),
    claim: (channel, limit, leaseMs) => outbox.claim(channel, limit, leaseMs),
    confirm: (ids) => outbox.confirm(ids),
    retry: (ids, dueAtMs) => outbox.retry(ids, dueAtMs),
    deadLetter: (ids, why, tell) => outbox.deadLetter(ids, why, tell),
    deadLetters: (query) => logs.page("deadLetters", query),
    resend: (ids) => outbox.resend(ids),
    close: async () => objects.close(),
  }
}
