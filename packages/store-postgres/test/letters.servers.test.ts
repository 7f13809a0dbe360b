import { type Command, compile, type DomainEvent, type Policy } from "@spendfuse/core/domain"
import type { Store } from "@spendfuse/core/ports"
import pg from "pg"
import { afterAll, beforeAll, expect, inject, it } from "vitest"
import { startPgbouncer } from "../../../scripts/servers/index.mjs"
import { definePolicy } from "../../core/src/index.ts"
import { migrate, postgresStore } from "../src/index.ts"

const direct = inject("postgresUrl")
const schemas: string[] = []
const stores: Store[] = []
let bouncer: { readonly url: string; readonly stop: () => Promise<void> }

beforeAll(async () => {
  bouncer = await startPgbouncer({ pgUrl: direct, poolSize: 4 })
})

afterAll(async () => {
  await Promise.all(stores.map((store) => store.close()))
  await bouncer.stop()
  const client = new pg.Client({ connectionString: direct })
  await client.connect()
  for (const schema of schemas) await client.query(`drop schema if exists ${schema} cascade`)
  await client.end()
})

/** As many openings of one new schema as are asked for, each with this clock. */
const openings = async (count: number, nowMs: () => number): Promise<readonly Store[]> => {
  const schema = `letters_${process.pid}_${schemas.length}`
  schemas.push(schema)
  await migrate({ url: direct, schema })
  const opened = Array.from({ length: count }, () =>
    postgresStore({ url: bouncer.url, schema, nowMs }),
  )
  stores.push(...opened)
  return opened
}

const policy: Policy = definePolicy({
  budgets: [
    {
      id: "platform",
      per: ["platform"],
      limit: { requests: 10 },
      window: "day",
      tiers: [
        { at: "10%", repeat: "10%", notify: ["slack"] },
        { at: "100%", block: true },
      ],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
})

const T0 = Date.UTC(2026, 0, 15, 10)

/** One request more: one event for `slack`. */
const charge = (n: number): Command => {
  const plan = compile(policy, {}, T0)
  if ("missing" in plan) throw new Error(plan.missing)
  const amounts = { usd: 0, tokens: 0, requests: 1 }
  const head = { id: { source: "s", n }, done: n - 1, division: plan.division }
  return { kind: "charge", ...head, lines: plan.lines, amounts, ends: null }
}

/** Claims all that waits for a channel, and answers its ids. */
const claimed = async (store: Store, channel: string): Promise<readonly string[]> =>
  (await store.claim(channel, 32, 1_000)).map(({ id }) => id)

/** An event of the same account for somebody else. */
const instead = (event: DomainEvent | undefined): DomainEvent => {
  if (event?.kind !== "tier") throw new Error("no event of a tier")
  return { ...event, id: `${event.id}/instead`, channels: ["pager", "mail"] }
}

const eventsOf = async (store: Store): Promise<readonly DomainEvent[]> => {
  const seen = async () => (await store.events({ limit: 100 })).items
  // The log waits for what another connection has not ended yet.
  await expect.poll(async () => (await seen()).length).toBeGreaterThan(0)
  return seen()
}

it("dead letters and what is told of them are one step, whoever says it again", async () => {
  let nowMs = T0
  const [one, other, third] = (await openings(3, () => nowMs)) as [Store, Store, Store]
  await one.apply([charge(1), charge(2)])
  const ids = await claimed(one, "slack")
  const told = instead((await eventsOf(one))[0])
  nowMs += 5_000
  await Promise.all([one, other, third].map((store) => store.deadLetter(ids, "gone", [told])))
  await other.deadLetter([...ids, "of nobody#slack"], "gone", [told])
  const letters = (await other.deadLetters({ limit: 10 })).items
  expect(letters.map(({ id, why }) => [id, why])).toEqual(ids.map((id) => [id, "gone"]))
  await expect.poll(async () => (await eventsOf(one)).length).toBe(3)
  expect((await eventsOf(one))[2]).toEqual(told)
  const rows = [await one.claim("pager", 9, 1_000), await one.claim("mail", 9, 1_000)].flat()
  expect(rows.map(({ id, event, dueAtMs }) => [id, event, dueAtMs])).toEqual(
    ["pager", "mail"].map((channel) => [`${told.id}#${channel}`, told, nowMs]),
  )
})

it("letters keep the order in which they were given, and are numbered as they come", async () => {
  const [one] = (await openings(1, () => T0)) as [Store]
  await one.apply([charge(1), charge(2), charge(3)])
  const ids = await claimed(one, "slack")
  await one.deadLetter([ids[2] ?? "", ids[0] ?? "", ids[2] ?? ""], "gone")
  const first = await one.deadLetters({ limit: 1 })
  await one.deadLetter([ids[1] ?? ""], "gone")
  const rest = await one.deadLetters({ after: first.next ?? "", limit: 9 })
  expect([...first.items, ...rest.items].map(({ id }) => id)).toEqual([ids[2], ids[0], ids[1]])
  const latest = await one.deadLetters({ latest: true, limit: 2 })
  expect(latest).toEqual(rest)
})

it("a letter that is sent again waits as a new row, and only one of two who send it does", async () => {
  let nowMs = T0
  const [one, other] = (await openings(2, () => nowMs)) as [Store, Store]
  await one.apply([charge(1), charge(2), charge(3)])
  const [a, b, c] = (await claimed(one, "slack")) as [string, string, string]
  await one.retry([c], nowMs)
  await one.deadLetter([a, b], "gone")
  nowMs += 60_000
  const known = await Promise.all([one, other].map((store) => store.resend([b, a, b, "nobody's"])))
  expect(known.toSorted()).toEqual([0, 2])
  expect((await one.deadLetters({ limit: 9 })).items).toEqual([])
  const rows = await other.claim("slack", 9, 1_000)
  expect(rows.map(({ id, attempts }) => [id, attempts])).toEqual([
    [c, 1],
    [b, 0],
    [a, 0],
  ])
  expect(rows.slice(1).every((row) => row.createdAtMs === nowMs && row.dueAtMs === nowMs)).toBe(
    true,
  )
  expect(await one.resend([a, b])).toBe(0)
})

it.each(["spendfuse_dead('{}', '', '[]', null)", "spendfuse_resend('{}', null)"])(
  "%s and steps take turns, so that no two wait in a ring",
  async (call) => {
    const [one] = (await openings(1, () => T0)) as [Store]
    const schema = schemas.at(-1)
    const client = new pg.Client({ connectionString: direct })
    await client.connect()
    await client.query(`begin; select ${schema}.${call}`)
    const applied = one.apply([charge(1)])
    const waiting = async () => {
      const { rows } = await client.query(
        "select from pg_locks where locktype = 'advisory' and not granted and pg_blocking_pids(pid) @> array[pg_backend_pid()]",
      )
      return rows.length
    }
    await expect.poll(waiting).toBe(1)
    await client.query("commit")
    await client.end()
    expect((await applied).map(({ outcome }) => outcome.kind)).toEqual(["charged"])
  },
)

it("readers of the log go by cursors of their own, and only the hook says what it heard", async () => {
  const [one, other] = (await openings(2, () => T0)) as [Store, Store]
  for (let n = 1; n <= 5; n += 1) await one.apply([charge(n)])
  await expect.poll(async () => (await eventsOf(one)).length).toBe(5)
  const all = await eventsOf(one)
  const first = await one.events({ limit: 2 })
  const second = await one.events({ after: first.next ?? "", limit: 9 })
  expect([...first.items, ...second.items]).toEqual(all)
  expect((await other.unheard({ limit: 9 })).items).toEqual(all)
  const page = await one.unheard({ limit: 3 })
  expect((await one.unheard({ limit: 9 })).items).toEqual(all)
  await one.unheard({ after: page.next ?? "", limit: 1 })
  expect((await other.unheard({ limit: 9 })).items).toEqual(all.slice(3))
  expect(await eventsOf(other)).toEqual(all)
})

it("the latest entries come oldest first, and their cursor goes on from there", async () => {
  const [one] = (await openings(1, () => T0)) as [Store]
  for (let n = 1; n <= 3; n += 1) await one.apply([charge(n)])
  await expect.poll(async () => (await eventsOf(one)).length).toBe(3)
  const all = await eventsOf(one)
  const page = await one.events({ latest: true, limit: 2 })
  expect(page.items).toEqual(all.slice(1))
  expect(await one.events({ after: page.next ?? "", limit: 9 })).toEqual({ items: [], next: null })
  await one.apply([charge(4)])
  const later = async () => (await one.events({ after: page.next ?? "", limit: 9 })).items.length
  await expect.poll(later).toBe(1)
  expect(await one.audit({ latest: true, limit: 2 })).toEqual({ items: [], next: null })
})

it("the log keeps what one of its channels has not heard, and lets go of the rest", async () => {
  const [one] = (await openings(1, () => T0)) as [Store]
  for (let n = 1; n <= 3; n += 1) await one.apply([charge(n)])
  await expect.poll(async () => (await eventsOf(one)).length).toBe(3)
  const [, second] = await eventsOf(one)
  const [a, , c] = await claimed(one, "slack")
  await one.confirm([a ?? "", c ?? ""])
  const client = new pg.Client({ connectionString: direct })
  await client.connect()
  await client.query(`select ${schemas.at(-1)}.spendfuse_forget_events(0, 100)`)
  await client.end()
  expect(await eventsOf(one)).toEqual([second])
})
