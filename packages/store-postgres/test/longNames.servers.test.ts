import { createHash } from "node:crypto"
import { apply, type Command, compile, emptyLedger, type Policy } from "@spendfuse/core/domain"
import type { Store } from "@spendfuse/core/ports"
import pg from "pg"
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest"
import { definePolicy } from "../../core/src/index.ts"
import { postgresStore } from "../src/index.ts"

const url = inject("postgresUrl")
const schema = `names_${process.pid}`
const T0 = Date.UTC(2026, 0, 15, 10)

let nowMs = T0
let store: Store

beforeAll(async () => {
  store = postgresStore({ url, schema, migrate: true, nowMs: () => nowMs })
  await store.list({ limit: 1 })
})

afterAll(async () => {
  await store.close()
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(`drop schema ${schema} cascade`)
  await client.end()
})

/** Text that no compression shortens. */
const noise = (seed: string, length: number): string => {
  let text = ""
  for (let at = 0; text.length < length; at += 1)
    text += createHash("sha512").update(`${seed}${at}`).digest("base64url")
  return text.slice(0, length)
}

const HEAD = noise("head", 9_000)
/** Of 1,000 to 30,000 bytes, with beginnings in common; the last are short ones that begin alike. */
const KEYS = [
  ...["b", "a", "", '"\\\n', "\u0000", "\ud800", "\ue001", "🙂"].map((end) => HEAD + end),
  [...noise("cjk", 10_000)].map((one) => String.fromCharCode(0x4e00 + one.charCodeAt(0))).join(""),
  ...[1_100, 990, 1_000, 980, 300, 200].map((length) => HEAD.slice(0, length)),
]

const policy: Policy = definePolicy({
  partitionBy: "org",
  budgets: [
    {
      id: "key",
      per: ["org", "apiKey"],
      limit: { requests: 2 },
      window: "hour",
      tiers: [
        { at: "50%", notify: ["slack"] },
        { at: "100%", trip: { coolDown: "10m" }, notify: ["pager"] },
      ],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
})

const ledger = emptyLedger()
let n = 0

/** Does it in the store and in the core; both say the same, and tell as much. */
const both = async (unnumbered: Partial<Command>, division: string): Promise<Command> => {
  n += 1
  const head = { id: { source: `s${n}`, n: 1 }, done: 0, division }
  const command = { ...head, ...unnumbered } as Command
  const [applied] = await store.apply([command])
  const { outcome, events } = apply(ledger, command, nowMs)
  expect({ ...applied?.outcome, detail: null }).toEqual({ ...outcome, detail: null })
  expect(applied?.eventsWritten).toBe(events.length)
  told.push(...events)
  return command
}
const told: unknown[] = []

const planFor = (key: string) => {
  const plan = compile(policy, { org: `org ${key}`, apiKey: key }, nowMs)
  if ("missing" in plan) throw new Error(plan.missing)
  return plan
}

const reserveOf = (key: string): Partial<Command> => ({
  kind: "reserve",
  issuedAtMs: nowMs,
  lines: planFor(key).lines,
  switches: planFor(key).switches,
  base: { usd: 0, tokens: 0, requests: 1 },
  perUnit: { usd: 0, tokens: 0, requests: 0 },
  units: { least: 0, most: 0 },
  expiresAtMs: nowMs + 60_000,
  via: null,
  swallowed: 0,
})

const person = { by: "ann", why: "test" }

describe("names longer than an index holds", () => {
  it.each(KEYS.map((key, at) => [at, key] as const))(
    "name %i is as safe as a short one",
    async (_, key) => {
      const { division, switches, lines } = planFor(key)
      const account = lines[0]?.account ?? ""
      await both(reserveOf(key), division)
      const second = await both(reserveOf(key), division)
      await both(reserveOf(key), division)
      const actual = { usd: 0, tokens: 0, requests: 1 }
      const end = { kind: "settle", seq: 1, actual, final: true, reservation: second.id } as const
      await both({ ...end, id: { ...second.id, n: 2 } }, division)
      nowMs += 61_000
      await both({ kind: "expire" }, division)
      await both(reserveOf(key), division)
      await both({ kind: "trip", account, coolDownMs: 1_000, ...person }, division)
      const off = { kind: "switch", switch: switches[0] ?? "", untilMs: null, ...person } as const
      await both({ ...off, state: "off" }, division)
      await both(reserveOf(key), division)
      await both({ ...off, state: "on" }, division)
      const [record] = await store.read([account])
      expect(record?.account).toEqual(ledger.accounts.get(account))
    },
  )

  it("come whole and in order in lists, events and audits", async () => {
    const keys: string[] = []
    for (let after: string | undefined; ; ) {
      const page = await store.list({ limit: 4, ...(after !== undefined && { after }) })
      keys.push(...page.items.map(({ key }) => key))
      if (page.next === null) break
      after = page.next
    }
    expect(keys).toEqual([...ledger.accounts.keys()].sort())
    await expect
      .poll(async () => (await store.events({ limit: 1_000 })).items.length)
      .toBe(told.length)
    expect((await store.events({ limit: 1_000 })).items).toEqual(told)
    expect((await store.audit({ limit: 1_000 })).items.length).toBe(3 * KEYS.length)
  })

  it("are claimed, confirmed, dead and sent again under their own ids", async () => {
    const seen: string[] = []
    for (let turn = 0; turn < KEYS.length; turn += 1) {
      const rows = await store.claim("slack", 9, 1_000)
      seen.push(...rows.map(({ account }) => account))
      const ids = rows.map(({ id, event }) => {
        expect(id).toBe(`${event.id}#slack`)
        return id
      })
      await store.deadLetter(ids, "gone")
      expect(await store.resend(ids)).toBe(1)
      await store.retry(ids, nowMs)
      await store.confirm(ids)
    }
    expect(seen.sort()).toEqual([...ledger.accounts.keys()].sort())
    expect(await store.claim("slack", 9, 1_000)).toEqual([])
  })
})
