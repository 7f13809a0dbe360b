import type { Account } from "@spendfuse/core/domain"
import type { StoreInspection } from "@spendfuse/core/ports"
import { connected } from "./inspect/client.ts"
import { ledgerSeen } from "./inspect/ledger.ts"
import { serverSeen } from "./inspect/server.ts"
import { assertPrefix } from "./keys.ts"
import type { RedisPlace } from "./options.ts"

/** Which ledger to look at, and who else looks. */
export type RedisInspectOptions = RedisPlace & {
  /** What its keys begin with; `spendfuse` unless given. */
  readonly prefix?: string
  /** Hears of the accounts, page by page. */
  readonly onAccounts?: (accounts: readonly Account[]) => void
}

/**
 * Looks at a ledger and at the servers that keep it. It writes nothing, and opens a connection of its own
 * unless it is given one.
 *
 * @throws StoreUnavailable or StoreCorrupt where it could not look; TypeError for a prefix that is none
 */
export const inspect = async (options: RedisInspectOptions): Promise<StoreInspection> => {
  const { prefix = "spendfuse" } = options
  assertPrefix(prefix)
  const redis = await connected(options)
  try {
    const servers = []
    for (const node of redis.nodes) servers.push(await serverSeen(node, redis.nodes.length === 1))
    const ledger = await ledgerSeen(redis, prefix, options.onAccounts)
    return {
      facts: {
        kind: redis.isCluster ? "redis-cluster" : "redis",
        version: [...new Set(servers.map(({ version }) => version))].join(", "),
        address: redis.nodes.map(({ address }) => address).join(", "),
        prefix,
        layout: ledger.layout,
        divisions: String(ledger.divisions),
        accounts: String(ledger.accounts),
        meters: String(ledger.meters),
        reservations: String(ledger.reservations),
        endsWithProcess: "no",
      },
      checks: [...ledger.checks, ...servers.flatMap(({ checks }) => checks)],
    }
  } finally {
    redis.close()
  }
}
