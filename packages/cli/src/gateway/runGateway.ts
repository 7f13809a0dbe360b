import { hash } from "node:crypto"
import { type Gateway, gateway } from "@spendfuse/adapters/gateway"
import { createSpendfuse, type Spendfuse } from "@spendfuse/core"
import type { Store } from "@spendfuse/core/ports"
import { libraryPrices } from "@spendfuse/core/prices"
import { specsOfFile } from "../dispatch/notifierSpec.ts"
import { notifiersOf } from "../dispatch/notifiersOf.ts"
import type { Io } from "../io.ts"
import { told } from "../store/openStore.ts"
import { listenAdmin } from "./admin.ts"
import { appOf } from "./app.ts"
import { type Listening, listen } from "./listen.ts"
import { type Env, type LoadedConfig, loadConfig } from "./loadConfig.ts"
import { type Log, logTo } from "./log.ts"
import { nodeFetch } from "./nodeFetch.ts"
import { openLedger } from "./openLedger.ts"
import { keepLoaded } from "./reload.ts"

/** Where a gateway's config is, and when it ends. */
export interface RunOptions {
  readonly path: string
  readonly env: Env
  /** Aborts when it is to end; SIGHUP calls what it is given. */
  readonly ending: (onHangup: () => void) => AbortSignal
}

/**
 * Runs a gateway until it is told to end; then what runs may finish, within a bound.
 *
 * @throws CliError where it cannot start; it repeats no secret
 */
export const runGateway = async (io: Io, { path, env, ending }: RunOptions): Promise<void> => {
  const log = logTo(io.out)
  const loaded = loadConfig(io, path, env)
  const store = await openLedger(loaded, env)
  let spendfuse: Spendfuse | null = null
  try {
    spendfuse = await told(async () => spendfuseOf(io, loaded, { store, env, log }))
    await served(io, { path, env, ending }, { loaded, store, spendfuse, log })
  } finally {
    await (spendfuse ?? store).close()
  }
}

interface Opened {
  readonly loaded: LoadedConfig
  readonly store: Store
  readonly spendfuse: Spendfuse
  readonly log: Log
}

const spendfuseOf = (
  io: Io,
  { config, policy, beside }: LoadedConfig,
  { store, env, log }: { readonly store: Store; readonly env: Env; readonly log: Log },
): Spendfuse => {
  const specs = config.notifiers === undefined ? {} : specsOfFile(io, beside(config.notifiers))
  const write = (text: string): void => log.note("info", "alert", { text })
  return createSpendfuse({
    policy,
    store,
    prices: libraryPrices(),
    notifiers: notifiersOf(specs, env, write),
    onNotice: ({ kind, message }) => {
      log.note(kind === "note" ? "info" : "warn", kind, { message })
    },
  })
}

const served = async (
  io: Io,
  { path, env, ending }: RunOptions,
  { loaded, store, spendfuse, log }: Opened,
): Promise<void> => {
  const { config, rules } = loaded
  const serve = await told(async () =>
    gateway({
      ...rules,
      spendfuse,
      fetch: nodeFetch(),
      sha256: (text) => hash("sha256", text, "buffer"),
      onCall: log.call,
      onError: (error) => {
        log.note("error", "fault", { name: error instanceof Error ? error.name : "unknown" })
      },
    }),
  )
  const kept = keepLoaded({ io, path, env, loaded, serve, spendfuse, log })
  const end = ending(kept.reload)
  const app = appOf(serve, store, () => end.aborted)
  const { headMs = 10_000, bodyMs = 60_000 } = config.limits ?? {}
  const where = { port: 8_787, ...config.listen }
  const callers = await listen(app.fetch, where, { headMs, bodyMs })
  const admin = await listenAdmin({ config, env, store, spendfuse, log }).catch(
    async (error: unknown) => {
      await callers.stop()
      throw error
    },
  )
  log.note("info", "listening", { url: callers.url, admin: admin?.url ?? null })
  await ended(end)
  kept.stop()
  await drained({ serve, callers, admin, log, drainMs: kept.drainMs() })
}

const ended = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener("abort", () => resolve(), { once: true })
  })

interface Draining {
  readonly serve: Gateway
  readonly callers: Listening
  readonly admin: Listening | null
  readonly log: Log
  readonly drainMs: number
}

/** No new connection is taken; what runs ends by itself, or is cut when its time is over. */
const drained = async ({ serve, callers, admin, log, drainMs }: Draining): Promise<void> => {
  log.note("info", "draining", { running: serve.running(), withinMs: drainMs })
  const closed = [callers.stop(), admin?.stop()]
  const cut = await serve.drain(drainMs)
  const late = setTimeout(() => {
    callers.cut()
    admin?.cut()
  }, LAST_BYTES_MS)
  await Promise.all(closed)
  clearTimeout(late)
  log.note(cut === 0 ? "info" : "warn", "drained", { cut })
}

/** What was counted may still be on its way to its client. */
const LAST_BYTES_MS = 1_000
