import { createHash } from "node:crypto"
import { StoreCorrupt } from "@spendfuse/core/ports"
import { type Client, clientOf, type PostgresPlace, type Query } from "./client.ts"
import { faultOf, NAME } from "./errors.ts"
import { MIGRATIONS } from "./migrations.ts"

/** Where to migrate: the place, and the schema, `spendfuse` unless given. */
export type MigrateOptions = PostgresPlace & { readonly schema?: string }

/**
 * Brings a schema to this version, each step in a transaction of its own; who comes second waits.
 *
 * @returns the names of the steps that were missing
 * @throws StoreCorrupt where the schema is newer than this code, or a step is not the one that was run
 */
export const migrate = async (options: MigrateOptions): Promise<readonly string[]> => {
  const client = clientOf({ ...options, connections: 1, timeoutMs: 600_000 })
  try {
    return await migrateOn(client, schemaOf(options.schema))
  } finally {
    await client.close()
  }
}

/** The SQL of all steps, for who runs it by hand: `psql --set ON_ERROR_STOP=1 --file`. */
export const printMigrations = (schema?: string): string => {
  const name = schemaOf(schema)
  const steps = MIGRATIONS.map(
    (step) => `begin;\nset local search_path to ${name};\n${step.sql}${recorded(step)};\ncommit;\n`,
  )
  return [`create schema if not exists ${name};\n${TABLE(name)};\n`, ...steps].join("\n")
}

/** @throws RangeError for a name that would have to be quoted */
export const schemaOf = (schema = "spendfuse"): string => {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema))
    throw new RangeError(`schema \`${schema}\` is not made of small letters, digits and \`_\``)
  return schema
}

/** @throws StoreUnavailable or StoreCorrupt */
export const migrateOn = async (client: Client, schema: string): Promise<readonly string[]> => {
  const done: string[] = []
  try {
    for (;;) {
      const step = await client.transaction(async (query) => {
        await query("select pg_advisory_xact_lock(hashtextextended($1, 0))", [
          `spendfuse ${schema}`,
        ])
        await query(`create schema if not exists ${schema}`)
        await query(TABLE(schema))
        return runNext(query, schema)
      })
      if (step === undefined) return done
      done.push(step)
    }
  } catch (error) {
    throw faultOf(error)
  }
}

/** @throws StoreCorrupt where the schema is not this version's */
export const assertVersion = async (client: Client, schema: string): Promise<void> => {
  const rows = await client
    .query(`select name, checksum from ${schema}.migration order by name`)
    .catch((error: unknown) => {
      throw faultOf(error)
    })
  const missing = missingOf(rows)
  if (missing !== undefined)
    throw new StoreCorrupt(
      NAME,
      `schema \`${schema}\` lacks \`${missing.name}\`; call \`migrate\` or set \`migrate: true\``,
    )
}

type Step = (typeof MIGRATIONS)[number]

const TABLE = (schema: string): string =>
  `create table if not exists ${schema}.migration (name text collate "C" primary key, checksum text not null, at timestamptz not null default now())`

const runNext = async (query: Query, schema: string): Promise<string | undefined> => {
  const step = missingOf(
    await query(`select name, checksum from ${schema}.migration order by name`),
  )
  if (step === undefined) return undefined
  await query(`set local search_path to ${schema}`)
  await query(step.sql)
  await query(recorded(step))
  return step.name
}

const recorded = (step: Step): string =>
  `insert into migration (name, checksum) values ('${step.name}', '${checksumOf(step)}')`

const checksumOf = ({ sql }: Step): string => createHash("sha256").update(sql).digest("hex")

/** The first step that was not run. */
const missingOf = (rows: readonly Readonly<Record<string, unknown>>[]): Step | undefined => {
  const found = new Map(rows.map(({ name, checksum }) => [String(name), String(checksum)]))
  const missing = MIGRATIONS.filter(({ name }) => !found.has(name))
  for (const step of MIGRATIONS) {
    const checksum = found.get(step.name)
    found.delete(step.name)
    if (checksum !== undefined && checksum !== checksumOf(step))
      throw new StoreCorrupt(NAME, `step \`${step.name}\` of the schema is not this version's`)
  }
  const [newer] = found.keys()
  if (newer !== undefined)
    throw new StoreCorrupt(
      NAME,
      `the schema is newer than this code: it has \`${newer}\`; update it`,
    )
  return missing[0]
}
