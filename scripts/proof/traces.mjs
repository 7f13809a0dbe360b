// The same traffic through each store in virtual time: what each reports must be the same bytes.
import { createHash } from "node:crypto"
import { seedPolicy } from "@spendfuse/core"
import { memoryStore } from "@spendfuse/store-memory"
import { postgresStore } from "@spendfuse/store-postgres"
import { redisStore } from "@spendfuse/store-redis"
import { keyAt, playTraces, readTraces } from "../../bench/traces.ts"
import { placeOf } from "../chaos/stores.mjs"
import { randomOf } from "../random.mjs"

/** What the policy gives for all rows of the traces; fewer rows have that much less. */
const HOURLY_USD = 8
const DAILY_USD = 5
/** Hardly any row wrote more; holds stay small beside such limits. */
const OUTPUT_MAX = 1_024
const ALL_ROWS = 28_185

/** Plays the first `rows` through each store, and compares the reports; the first store is the measure. */
export const proveTraces = async ({ stores, rows: count, places = {}, made = false }) => {
  const traces = made ? null : readTraces()
  const rows = traces === null ? madeRows(count) : traces.slice(0, count)
  const reports = []
  for (const name of stores) {
    const place = places[name] ?? (await placeOf(name))
    try {
      reports.push({ name, ...(await reportOf(place, rows)) })
    } finally {
      if (places[name] === undefined) await place.stop()
    }
  }
  const [first, ...others] = reports
  const { admitted, refused, events, accounts } = first
  const claims = [
    ["some calls were admitted, and some refused", admitted > 0 && refused > 0],
    ["tiers fired and circuits opened", events > 1],
    ...others.map(({ name, text }) => [
      `${name} reports what ${first.name} reports, to the byte`,
      text === first.text,
    ]),
  ]
  return {
    load: {
      rows: rows.length,
      of: traces === null ? "made from a seed" : "the public traces",
      stores,
    },
    figures: {
      ...{ admitted, refused, events, accounts },
      bytes: Object.fromEntries(reports.map(({ name, text }) => [name, text.length])),
      sha256: Object.fromEntries(reports.map(({ name, sha256 }) => [name, sha256])),
      seconds: Object.fromEntries(reports.map(({ name, seconds }) => [name, seconds])),
    },
    claims: claims.map(([name, holds]) => ({ name, holds })),
  }
}

/** Every decision, every account as it is left, and every event, one line each. */
const reportOf = async (place, rows) => {
  const startMs = performance.now()
  let opened
  const open = (nowMs) => {
    opened = storeAt(place, nowMs)
    return { ...opened, close: async () => undefined }
  }
  const heard = []
  const onEvent = (event) => heard.push(event)
  const { counted } = await playTraces(rows, policyOf(rows.length), open, { onEvent })
  const accounts = await all((query) => opened.list(query))
  // Only what is about one account is heard in order.
  const events = heard.sort((a, b) => a.atMs - b.atMs || (a.id < b.id ? -1 : 1))
  await opened.close()
  const text = [...counted, ...accounts, ...events].map((one) => `${canonical(one)}\n`).join("")
  const admitted = counted.filter(({ refused }) => refused === null).length
  return {
    text,
    sha256: createHash("sha256").update(text).digest("hex").slice(0, 16),
    admitted,
    refused: counted.length - admitted,
    events: events.length,
    accounts: accounts.length,
    seconds: Math.round((performance.now() - startMs) / 100) / 10,
  }
}

const storeAt = ({ store, url, name }, nowMs) => {
  const kept = { nowMs, eventsKept: 1_000_000 }
  if (store === "memory") return memoryStore(kept)
  if (store === "redis") return redisStore({ url, prefix: name, ...kept })
  return postgresStore({ url, schema: name, migrate: true, ...kept })
}

const policyOf = (rows) => {
  const share = (usd) => Math.max(0.01, Math.round(((usd * rows) / ALL_ROWS) * 100) / 100)
  const policy = seedPolicy({ hourlyUsd: share(HOURLY_USD), dailyUsd: share(DAILY_USD) })
  return { ...policy, maxOutputTokens: OUTPUT_MAX }
}

const all = async (page) => {
  const found = []
  let after
  for (;;) {
    const { items, next } = await page({ limit: 1_000, ...(after === undefined ? {} : { after }) })
    found.push(...items)
    if (next === null || items.length === 0) return found
    after = next
  }
}

/** JSON with the fields in one order, so that equal data are equal bytes. */
const canonical = (value) =>
  JSON.stringify(value, (_, one) =>
    typeof one === "object" && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  )

/** Rows as busy as the traces', where they are not beside the checkout. */
const madeRows = (count) => {
  const random = randomOf(20_231_116)
  let atMs = Date.UTC(2023, 10, 16, 18, 17)
  return Array.from({ length: count }, (_, at) => {
    atMs += Math.floor(-250 * Math.log(1 - random()))
    const inputTokens = 100 + Math.floor(4_000 * random() ** 2)
    return { atMs, inputTokens, outputTokens: 1 + Math.floor(400 * random()), apiKey: keyAt(at) }
  })
}
