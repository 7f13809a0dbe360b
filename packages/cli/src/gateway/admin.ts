import { adminApi, bearerTokens } from "@spendfuse/adapters/admin"
import type { Spendfuse } from "@spendfuse/core"
import type { Store } from "@spendfuse/core/ports"
import { CliError } from "../io.ts"
import type { GatewayConfig } from "./config.ts"
import { type Listening, listen } from "./listen.ts"
import { type Env, variableOf } from "./loadConfig.ts"
import type { Log } from "./log.ts"

interface Administered {
  readonly config: GatewayConfig
  readonly env: Env
  readonly store: Store
  readonly spendfuse: Spendfuse
  readonly log: Log
}

/** The admin API with its console on a port of its own; null where the config has none. @throws CliError */
export const listenAdmin = async ({
  config: { admin },
  env,
  store,
  spendfuse,
  log,
}: Administered): Promise<Listening | null> => {
  if (admin === undefined) return null
  const people = Object.entries(admin.people).map(([name, { tokenEnv, may = "operate" }]) => [
    name,
    { token: variableOf(env, tokenEnv), may },
  ])
  const api = adminApi({
    spendfuse,
    store,
    basePath: "/admin",
    console: true,
    auth: authOf(Object.fromEntries(people) as Parameters<typeof bearerTokens>[0]),
    onError: (error) => {
      log.note("error", "fault", { name: error instanceof Error ? error.name : "unknown" })
    },
  })
  const { host, port = 8_788 } = admin
  return listen(api, { port, ...(host !== undefined && { host }) }, PATIENCE)
}

const PATIENCE = { headMs: 10_000, bodyMs: 10_000 }

const authOf = (people: Parameters<typeof bearerTokens>[0]): ReturnType<typeof bearerTokens> => {
  try {
    return bearerTokens(people)
  } catch (error) {
    throw new CliError(`admin.people: ${error instanceof Error ? error.message : "no tokens"}`)
  }
}
