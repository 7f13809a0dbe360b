import type { Store } from "@spendfuse/core/ports"
import { memoryStore } from "@spendfuse/store-memory"
import { fileJournal } from "@spendfuse/store-memory/journal"
import { openStore, told } from "../store/openStore.ts"
import { type Env, type LoadedConfig, variableOf } from "./loadConfig.ts"

/**
 * Opens the store of a gateway: its journal is made where it is not there yet.
 *
 * @throws CliError where it cannot be opened; it quotes nothing secret
 */
export const openLedger = ({ config, beside }: LoadedConfig, env: Env): Promise<Store> => {
  const { store = { kind: "journal", path: "gateway.spendfuse-journal" } as const } = config
  switch (store.kind) {
    case "memory":
      return Promise.resolve(memoryStore())
    case "journal": {
      const path = beside(store.path)
      return told(async () => memoryStore({ journal: fileJournal({ path, fsync: "always" }) }))
    }
    case "url": {
      const { urlEnv, kind: _, ...rest } = store
      return openStore({ ...rest, store: variableOf(env, urlEnv) })
    }
  }
}
