import pg from "pg"
import { afterAll, describe, expect, it } from "vitest"
import { startPostgres } from "../../../scripts/servers/index.mjs"
import { inspect, migrate } from "../src/index.ts"

const server = await startPostgres()
const { url } = server

afterAll(() => server.stop())

const client = async (): Promise<pg.Client> => {
  const made = new pg.Client({ connectionString: url })
  await made.connect()
  return made
}

const snapshots = async (oldTransactionMs?: number) => {
  const found = await inspect({
    url,
    ...(oldTransactionMs === undefined ? {} : { oldTransactionMs }),
  })
  return found.checks.find(({ name }) => name === "old-snapshots")
}

describe("the inspection of Postgres", () => {
  it("finds an idle transaction that keeps old rows", async () => {
    await migrate({ url })
    const idle = await client()
    await idle.query("begin isolation level repeatable read")
    await idle.query("select 1")
    const [row] = (await idle.query("select pg_backend_pid() as pid")).rows
    expect(await snapshots(0)).toMatchObject({
      state: "fail",
      found: expect.stringContaining(`1 of them idle; the oldest is process ${row.pid}`),
    })
    expect((await snapshots())?.state).toBe("ok")
    await idle.query("commit")
    expect((await snapshots(0))?.state).toBe("ok")
    await idle.end()
  })

  it("says what its user may not see, and writes nothing", async () => {
    const owner = await client()
    await owner.query("create role guest login")
    await owner.query("grant usage on schema spendfuse to guest")
    await owner.query("grant select on all tables in schema spendfuse to guest")
    await owner.end()
    const { checks, facts } = await inspect({ url: url.replace("postgres@", "guest@") })
    expect(facts.accounts).toBe("0")
    expect(checks.filter(({ state }) => state === "fail")).toEqual([])
  })

  it("takes a pool of the host, and gives the connection back", async () => {
    const pool = new pg.Pool({ connectionString: url, max: 1 })
    expect((await inspect({ pool })).facts.kind).toBe("postgres")
    expect((await pool.query("select 1 as one")).rows).toEqual([{ one: 1 }])
    await pool.end()
  })
})
