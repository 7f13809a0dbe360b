import { existsSync } from "node:fs"
import type { Store } from "@spendfuse/core/ports"
import { StoreCorrupt, StoreUnavailable } from "@spendfuse/core/ports"
import { memoryStore } from "@spendfuse/store-memory"
import { fileJournal, JournalUnusable } from "@spendfuse/store-memory/journal"
import { type Command, Option } from "commander"
import { CliError } from "../io.ts"
import { parseStoreUrl, type StorePlace } from "./storeUrl.ts"

/** The flags of each command that uses a store. */
export interface StoreFlags {
  readonly store?: string
  readonly prefix?: string
  readonly schema?: string
}

/** Adds the flags of a store to a command. */
export const withStore = (command: Command): Command =>
  command
    .addOption(
      new Option("--store <url>", "the store: file:PATH, redis://…, postgres://…").env(
        "SPENDFUSE_STORE_URL",
      ),
    )
    .option("--prefix <prefix>", "of Redis: what the ledger's keys begin with (spendfuse)")
    .option("--schema <schema>", "of Postgres: the ledger's schema (spendfuse)")

/**
 * The place that the flags name.
 *
 * @throws CliError where they name none; it quotes nothing secret
 */
export const placeOf = ({ store, prefix, schema }: StoreFlags): StorePlace => {
  if (store === undefined || store === "")
    throw new CliError("which store? write `--store URL`, or set SPENDFUSE_STORE_URL")
  const place = parseStoreUrl(store)
  if (prefix !== undefined && !place.kind.startsWith("redis"))
    throw new CliError("`--prefix` is for Redis; remove it")
  if (schema !== undefined && place.kind !== "postgres")
    throw new CliError("`--schema` is for Postgres; remove it")
  return place
}

/**
 * Opens the store that the flags name; whoever opens it closes it.
 *
 * @throws CliError where it cannot be opened; it quotes nothing secret
 */
export const openStore = async (flags: StoreFlags): Promise<Store> => {
  const place = placeOf(flags)
  return told(async () => {
    if (place.kind === "memory") return journalled(place.path)
    if (place.kind === "postgres") {
      const { url } = place
      const { schema } = flags
      const { postgresStore } = await postgresPackage()
      return postgresStore({ url, ...(schema === undefined ? {} : { schema }) })
    }
    const { prefix } = flags
    const { redisStore } = await redisPackage()
    return redisStore({ ...place, ...(prefix === undefined ? {} : { prefix }) })
  })
}

/**
 * Runs what uses a store.
 *
 * @throws CliError in place of a store's and an option's errors
 */
export const told = async <Result>(work: () => Promise<Result>): Promise<Result> => {
  try {
    return await work()
  } catch (error) {
    const isKnown =
      error instanceof StoreUnavailable ||
      error instanceof StoreCorrupt ||
      error instanceof JournalUnusable
    if (isKnown || error instanceof RangeError || error instanceof TypeError)
      throw new CliError(wordsOf(error))
    throw error
  }
}

export const redisPackage = (): Promise<typeof import("@spendfuse/store-redis")> =>
  import("@spendfuse/store-redis").catch((error: unknown) => missing(error, "store-redis"))

export const postgresPackage = (): Promise<typeof import("@spendfuse/store-postgres")> =>
  import("@spendfuse/store-postgres").catch((error: unknown) => missing(error, "store-postgres"))

const journalled = (path: string): Store => {
  // A journal that is not there would be made, and show an empty ledger.
  if (!existsSync(path))
    throw new CliError(
      `journal \`${path}\` does not exist; look at its path, or let a host make it`,
    )
  return memoryStore({ journal: fileJournal({ path, fsync: "always" }) })
}

const wordsOf = (error: Error): string => {
  const { cause } = error
  return cause instanceof Error ? `${error.message}: ${cause.message}` : error.message
}

const missing = (error: unknown, name: string): never => {
  const { code } = error as NodeJS.ErrnoException
  if (code === "ERR_MODULE_NOT_FOUND")
    throw new CliError(
      `\`@spendfuse/${name}\` is not installed; run \`npm install @spendfuse/${name}\``,
    )
  throw error
}
