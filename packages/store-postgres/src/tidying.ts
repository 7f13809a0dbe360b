import type { Query } from "./client.ts"
import { NAME } from "./errors.ts"
import type { PostgresStoreSettings } from "./options.ts"

interface TidyingOptions {
  readonly query: Query
  readonly schema: string
  readonly settings: PostgresStoreSettings
}

/** Rows of each table that one call looks at: some milliseconds of the lock. */
const LOOKS = 500
const IDLE_MS = 60_000
/** While a call still finds something. */
const BUSY_MS = 1_000

/** Called after each batch, it lets go now and then of what counts no more: beside the calls, a bit at a time. */
export const tidying = ({ query, schema, settings }: TidyingOptions): (() => void) => {
  const { eventsKept = 10_000, nowMs, onNotice = warn } = settings
  let nextMs = performance.now() + IDLE_MS
  const forget = async (): Promise<number> => {
    const now = nowMs === undefined ? null : String(nowMs())
    const sql = `select ${schema}.spendfuse_forget($1, $2) + ${schema}.spendfuse_forget_events($3, $4) as gone`
    const [row] = await query(sql, [String(LOOKS), now, String(eventsKept), "10000"])
    return Number(row?.gone)
  }
  return () => {
    if (performance.now() < nextMs) return
    nextMs = Number.POSITIVE_INFINITY
    forget()
      .catch((error: Error) => {
        const message = `store \`${NAME}\` could not forget what is over: ${error.message}`
        onNotice({ kind: "not-forgotten", message })
        return 0
      })
      .then((gone) => {
        nextMs = performance.now() + (gone > 0 ? BUSY_MS : IDLE_MS)
      })
  }
}

const warn = ({ message }: { readonly message: string }): void =>
  console.warn(`[spendfuse] ${message}`)
