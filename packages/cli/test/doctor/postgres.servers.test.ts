import { migrate, postgresStore } from "@spendfuse/store-postgres"
import pg from "pg"
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest"
import { freshName, startPgbouncer, startPostgres } from "../../../../scripts/servers/index.mjs"
import { run } from "../fakeIo.ts"
import { POLICY_OF_TESTS, policyWith, use } from "./use.ts"

const url = inject("postgresUrl")
const schemas: string[] = []
let client: pg.Client

beforeAll(async () => {
  client = new pg.Client({ connectionString: url })
  await client.connect()
})

afterAll(async () => {
  for (const schema of schemas) await client.query(`drop schema if exists ${schema} cascade`)
  await client.end()
})

const fresh = (): string => {
  const schema = freshName("doctor")
  schemas.push(schema)
  return schema
}

const used = async (users = 3, at = url): Promise<string> => {
  const schema = fresh()
  await migrate({ url: at, schema })
  await use(postgresStore({ url: at, schema }), users)
  return schema
}

const doctor = async (schema: string, more: readonly string[] = [], at = url) => {
  const ran = await run(["doctor", "--store", at, "--schema", schema, "--json", ...more], {
    same: JSON.stringify(POLICY_OF_TESTS),
    other: JSON.stringify(policyWith(2_000)),
  })
  expect(ran.err).toBe("")
  const found = JSON.parse(ran.out)
  const checks: { name: string; state: string; found: string }[] = found.checks
  return {
    code: ran.code,
    facts: found.facts,
    check: (name: string) => checks.find((one) => one.name === name),
    bad: checks.filter(({ state }) => state !== "ok").map(({ name, state }) => `${name} ${state}`),
  }
}

describe("the doctor of Postgres", () => {
  it("finds a sound server sound", async () => {
    const schema = await used()
    const { code, facts, bad } = await doctor(schema, ["--policy", "same"])
    expect(bad).toEqual([])
    expect(code).toBe(0)
    expect(facts).toMatchObject({
      kind: "postgres",
      schema,
      accounts: "4",
      meters: "4",
      reservations: "1",
    })
  })

  it("finds a counter that its reservations do not explain", async () => {
    const schema = await used()
    await client.query(`update ${schema}.meter set held = held + 1 where account = 'all/all'`)
    const { code, check } = await doctor(schema)
    expect(code).toBe(1)
    expect(check("counters")?.found).toBe('1 differ: "all/all" holds 601 usd, its reservations 600')
    await client.query(`update ${schema}.meter set held = held - 1 where account = 'all/all'`)
    expect((await doctor(schema)).code).toBe(0)
    await client.query(`delete from ${schema}.reservation`)
    expect((await doctor(schema)).check("counters")?.found).toContain("2 differ")
  })

  it("tells a schema that is missing, behind, changed or newer", async () => {
    expect((await doctor(fresh())).bad).toContain("migrations fail")
    const schema = await used(1)
    const cases: [string, string][] = [
      ["delete from migration where name = (select max(name) from migration)", "pending: "],
      ["update migration set checksum = 'x'", "in another form"],
      ["insert into migration (name, checksum) values ('9999_new', 'x')", "9999_new"],
    ]
    for (const [sql, words] of cases) {
      await client.query(`set search_path to ${schema}`)
      await client.query(sql)
      await client.query("reset search_path")
      const { code, check } = await doctor(schema)
      expect(code).toBe(1)
      expect(check("migrations")?.found).toContain(words)
    }
  })

  it("finds holds long past their end, and a ledger from another server", async () => {
    const schema = await used(1)
    await client.query(`update ${schema}.reservation set expires_ms = expires_ms - 3600000`)
    expect((await doctor(schema)).bad).toEqual(["overdue warn"])
    await client.query(`insert into ${schema}.event (xid, body) values ('999999999999', '{}')`)
    expect((await doctor(schema)).bad).toEqual(["overdue warn", "origin fail"])
  })

  it.each([
    ["synchronous_commit", "off", "synchronous-commit fail"],
    ["default_transaction_isolation", "'repeatable read'", "default-transaction-isolation fail"],
  ])("tells %s = %s of its user", async (name, value, wrong) => {
    const schema = await used(1)
    const user = freshName("user")
    await client.query(`create role ${user} login superuser`)
    await client.query(`alter role ${user} set ${name} = ${value}`)
    const { code, bad } = await doctor(schema, [], url.replace("postgres@", `${user}@`))
    await client.query(`drop role ${user}`)
    expect({ code, bad }).toEqual({ code: 1, bad: [wrong] })
  })

  it("tells a server that keeps no order", async () => {
    const settings = { fsync: "off", full_page_writes: "off", autovacuum: "off" }
    const server = await startPostgres({ settings })
    const schema = await used(1, server.url)
    const { code, bad } = await doctor(schema, [], server.url)
    await server.stop()
    expect(code).toBe(1)
    expect(bad).toEqual(["fsync fail", "full-page-writes fail", "autovacuum fail"])
  })

  it("sees a pooler, and works through it", async () => {
    const schema = await used(1)
    expect((await doctor(schema)).check("pooler")?.found).toBe("none is seen")
    const pooler = await startPgbouncer({ pgUrl: url })
    const { code, check } = await doctor(schema, [], pooler.url)
    await pooler.stop()
    expect(check("pooler")?.found).toContain("a pooler")
    expect(code).toBe(0)
  })

  it("compares accounts with a policy", async () => {
    const { check } = await doctor(await used(), ["--policy", "other"])
    expect(check("policy")).toMatchObject({
      state: "warn",
      found: expect.stringContaining("3 of 4"),
    })
  })
})
