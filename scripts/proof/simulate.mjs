// What these machines cannot run: a thousand hosts. A discrete-event model of hosts, slices and one-by-one stores,
// with service times that were measured. The same seed gives the same bytes.

import { randomOf } from "../random.mjs"
import { Heap } from "./heap.mjs"

/**
 * What was measured on the build machine, where client and server share two cores; in milliseconds.
 *
 * - `storeMs`: the server's own time for one command of the step: `npm run proof -- --store redis --processes 1 --callers 8`
 * - `localMs`: a decision and its settle on slices: `npm run bench -- leases`
 * - `tripMs`: assumed, a round trip in one data centre
 */
export const MEASURED = { storeMs: 0.07, localMs: 0.008, tripMs: 0.5 }

/** What is played: hosts of a thousand calls a second each, on a budget that lasts a day of that. */
const CALLS_PER_HOST = 1_000
const HOSTS = [1, 10, 100, 1_000]
const SHARE = 0.01
const FOR_MS = 30_000
/** A slice is reserved in so many parts, and shared by four times its holders, as the engine does it. */
const PARTS = 4
const DAY_S = 86_400
const SECONDS = { leased: 60, plain: 1 }
/** Up to here a store keeps up. */
const FULL = 0.9

/** Each a way to run it: with slices or not, subjects that call by one host, stores that orgs are spread over. */
const WAYS = [
  { name: "two trips a call, one store", isLeased: false, subjects: 10, stores: 1 },
  { name: "two trips a call, 16 stores", isLeased: false, subjects: 10, stores: 16 },
  { name: "slices, 10 subjects a host, one store", isLeased: true, subjects: 10, stores: 1 },
  { name: "slices, 200 subjects a host, one store", isLeased: true, subjects: 200, stores: 1 },
  { name: "slices, 200 subjects a host, 16 stores", isLeased: true, subjects: 200, stores: 16 },
]

/** Plays every way at every size. */
export const simulate = ({ seed }) => {
  const rows = WAYS.flatMap((way) => HOSTS.map((hosts) => play({ ...way, hosts, seed })))
  const at = (name, hosts) => rows.find((row) => row.name === name && row.hosts === hosts)
  const [plain, , few, many, spread] = WAYS.map(({ name }) => at(name, 1_000))
  const claims = [
    ["one store does not carry a million calls a second by two trips each", plain.load > 1],
    ["with slices and ten subjects a host it does", few.load < FULL],
    ["two hundred subjects a host are its next limit", many.load > FULL],
    ["16 stores by org carry those", spread.load < FULL],
  ]
  return {
    load: { model: "hosts × slices × stores", seed, callsPerHost: CALLS_PER_HOST, ...MEASURED },
    figures: { rows },
    claims: claims.map(([name, holds]) => ({ name, holds })),
  }
}

/** One way at one size. `load` above 1 is what a store cannot keep up with; waits are then without end. */
const play = ({ name, isLeased, subjects, stores, hosts, seed }) => {
  const random = randomOf(seed + hosts)
  const lastMs = (isLeased ? SECONDS.leased : SECONDS.plain) * 1_000
  const agenda = new Heap()
  const later = (meanMs) => -meanMs * Math.log(1 - random())
  for (const source of sourcesOf({ isLeased, subjects, hosts }))
    agenda.push({ atMs: source.everyMs * random(), source, store: Math.floor(random() * stores) })
  const freeAt = new Array(stores).fill(0)
  const busy = new Array(stores).fill(0)
  const waits = []
  for (let next = agenda.pop(); next !== undefined && next.atMs < lastMs; next = agenda.pop()) {
    const { atMs, source, store } = next
    const startMs = Math.max(atMs, freeAt[store])
    const tookMs = later(MEASURED.storeMs) * source.commands
    freeAt[store] = startMs + tookMs
    busy[store] += tookMs
    if (source.isWaitedFor) waits.push(freeAt[store] - atMs + MEASURED.tripMs)
    const gapMs = source.isRegular ? source.everyMs : later(source.everyMs)
    const spread = Math.floor(random() * stores)
    agenda.push({ atMs: atMs + gapMs, source, store: source.isRegular ? store : spread })
  }
  const load = busy.reduce((sum, ms) => sum + ms, 0) / stores / lastMs
  const calls = hosts * CALLS_PER_HOST
  waits.sort((a, b) => a - b)
  const p99 = waits[Math.floor(waits.length * 0.99)] ?? 0
  return {
    name,
    hosts,
    callsAsked: calls,
    callsDecided: Math.round(load > 1 ? calls / load : calls),
    load: digits(load),
    tripsPerThousandCalls: digits((waits.length * 1_000) / (calls * (lastMs / 1_000))),
    p99TripMs: load > FULL ? null : digits(p99),
    ...(isLeased ? { hostCores: digits((CALLS_PER_HOST * MEASURED.localMs) / 1_000) } : {}),
  }
}

/** Who sends commands, and how often. */
const sourcesOf = ({ isLeased, subjects, hosts }) => {
  if (!isLeased) {
    const call = {
      everyMs: 1_000 / CALLS_PER_HOST,
      commands: 1,
      isWaitedFor: true,
      isRegular: false,
    }
    return Array.from({ length: hosts }, () => [call, { ...call, isWaitedFor: false }]).flat()
  }
  const budget = hosts * CALLS_PER_HOST * DAY_S
  const part = Math.min(budget * SHARE, budget / (4 * hosts)) / PARTS
  const beat = { everyMs: FOR_MS / 4, commands: 2 * PARTS, isWaitedFor: false, isRegular: true }
  const refill = {
    ...{ everyMs: (part / CALLS_PER_HOST) * 1_000, commands: 2 },
    ...{ isWaitedFor: false, isRegular: false },
  }
  // At half the time for which the store's word on switches is taken, one call of each subject asks again.
  const judged = { everyMs: FOR_MS / 8, commands: 2, isWaitedFor: true, isRegular: true }
  const each = [beat, refill, ...new Array(subjects).fill(judged)]
  return Array.from({ length: hosts }, () => each).flat()
}

const digits = (value) => Number(value.toPrecision(3))
