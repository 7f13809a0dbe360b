import { unwatchFile, watchFile } from "node:fs"
import type { Gateway } from "@spendfuse/adapters/gateway"
import type { Spendfuse } from "@spendfuse/core"
import { CliError, type Io } from "../io.ts"
import type { GatewayConfig } from "./config.ts"
import { type Env, type LoadedConfig, loadConfig } from "./loadConfig.ts"
import type { Log } from "./log.ts"

interface Keeping {
  readonly io: Io
  readonly path: string
  readonly env: Env
  readonly loaded: LoadedConfig
  readonly serve: Gateway
  readonly spendfuse: Spendfuse
  readonly log: Log
}

/** What is in force, as its files say. */
export interface Kept {
  /** Reads the files anew; a bad one leaves all as it is, and says so. */
  readonly reload: () => void
  readonly drainMs: () => number
  readonly stop: () => void
}

/** Reads the config and its policy anew whenever one of their files changes. Running calls keep what they began with. */
export const keepLoaded = (keeping: Keeping): Kept => {
  let { loaded } = keeping
  const reload = (): void => {
    const next = reloaded(keeping, loaded)
    if (next === null) return
    unwatch(loaded)
    loaded = next
    watch(loaded)
  }
  const watch = ({ files }: LoadedConfig): void => {
    for (const file of files)
      watchFile(file, { interval: LOOK_MS, persistent: false }, (now, before) => {
        if (now.mtimeMs !== before.mtimeMs || now.ino !== before.ino) reload()
      })
  }
  const unwatch = ({ files }: LoadedConfig): void => {
    for (const file of files) unwatchFile(file)
  }
  watch(loaded)
  return {
    reload,
    drainMs: () => loaded.config.limits?.drainMs ?? DRAIN_MS,
    stop: () => unwatch(loaded),
  }
}

const DRAIN_MS = 30_000
/** Looks by the clock: a file that is swapped by a link, as containers do, tells no watcher. */
const LOOK_MS = 1_000

const reloaded = (
  { io, path, env, serve, spendfuse, log }: Keeping,
  before: LoadedConfig,
): LoadedConfig | null => {
  try {
    const next = loadConfig(io, path, env)
    const old = spendfuse.policy
    spendfuse.reload(next.policy)
    try {
      serve.reload(next.rules)
    } catch (error) {
      spendfuse.reload(old)
      throw error
    }
    const waiting = FIXED.filter((name) => !isSame(before.config[name], next.config[name]))
    log.note("info", "reloaded", waiting.length === 0 ? {} : { needsRestart: waiting })
    return next
  } catch (error) {
    const message = error instanceof Error ? error.message : "unknown error"
    const problems = error instanceof CliError ? message.split("\n") : [message]
    log.note("error", "not-reloaded", { inForce: "the config before", problems })
    return null
  }
}

/** What was opened at start stays open. */
const FIXED = ["listen", "admin", "store", "notifiers"] as const

const isSame = (
  one: GatewayConfig[keyof GatewayConfig],
  other: GatewayConfig[keyof GatewayConfig],
): boolean => JSON.stringify(one) === JSON.stringify(other)
