import type { StoreInspection } from "@spendfuse/core/ports"
import type { PostgresPlace } from "./client.ts"
import { connected } from "./inspect/client.ts"
import { ledgerSeen } from "./inspect/ledger.ts"
import { serverSeen } from "./inspect/server.ts"
import { schemaOf } from "./migrate.ts"

/** Which ledger to look at. */
export type PostgresInspectOptions = PostgresPlace & {
  /** `spendfuse` unless given. */
  readonly schema?: string
  /** From which age on an open transaction is told; milliseconds, 60,000 unless given. */
  readonly oldTransactionMs?: number
}

/**
 * Looks at a ledger and at the server that keeps it, in read-only transactions, on a connection of its own
 * or one of the pool.
 *
 * @throws StoreUnavailable or StoreCorrupt where it could not look; RangeError for a schema whose name would
 *   have to be quoted
 */
export const inspect = async (options: PostgresInspectOptions): Promise<StoreInspection> => {
  const schema = schemaOf(options.schema)
  const postgres = await connected(options)
  try {
    const server = await serverSeen(postgres, options.oldTransactionMs ?? 60_000)
    const ledger = await ledgerSeen(postgres.ask, schema)
    return {
      facts: {
        kind: "postgres",
        version: server.version,
        address: postgres.address,
        schema,
        ...ledger.facts,
        endsWithProcess: "no",
      },
      checks: [...ledger.checks, ...server.checks],
    }
  } finally {
    await postgres.close()
  }
}
