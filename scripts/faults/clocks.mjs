// Hosts whose clocks are wrong by up to ten minutes, and a store whose clock jumps, around the end of an hour.
import { setTimeout as sleep } from "node:timers/promises"
import { judgeAt } from "./harmedLine.mjs"
import { startHost } from "./host.mjs"
import { newJournal } from "./journal.mjs"
import { readAll } from "./judge.mjs"
import { openStore, placeAt } from "./places.mjs"
import { ALL, HOLD_NANO } from "./policy.mjs"

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
/** A host knows the store's clock as well as an answer is quick: so near to the end of an hour either is right. */
const MARGIN_MS = 1_000
const SKEWS_MS = [-9.9 * MINUTE_MS, 0, 9.9 * MINUTE_MS]

/**
 * Three hosts, two of them almost ten minutes off, call through the end of an hour by the store's clock. Each
 * follows the store's clock from its first answer on, so every later call counts in the store's hour; no hour
 * passes its cap.
 *
 * @param options `store`, `url`
 */
export const skewedHosts = async ({ store, url }) => {
  const capCalls = 60
  const place = placeAt(store, url)
  const journal = newJournal()
  const clock = clockAt(2_500 + MARGIN_MS)
  const policy = { capCalls, window: "hour" }
  const hosts = SKEWS_MS.map((skewMs, at) => {
    const settings = {
      name: `h${at}`,
      seed: at,
      policy,
      thinkMs: 30,
      nowMs: () => clock() + skewMs,
    }
    return startHost(openStore(place, { nowMs: clock }), settings, journal.of(`h${at}`))
  })
  for (const host of hosts) await host.one()
  const first = new Set(journal.calls.keys())
  const load = hosts.map((host) => host.calls(1_000_000, 4))
  const boundaryMs = clock.boundaryMs
  await sleep(boundaryMs - clock() - MARGIN_MS)
  const early = new Set(clock() < boundaryMs - MARGIN_MS / 2 ? journal.calls.keys() : [])
  await sleep(boundaryMs - clock() + MARGIN_MS)
  const late = new Set(journal.calls.keys())
  await sleep(1_000)
  for (const host of hosts) host.halt()
  await Promise.all(load)
  await Promise.all(hosts.map((host) => host.stop()))
  const judged = await judgeAt(place, journal, { capCalls: 4 * capCalls })
  const inHour = (call, startMs) => call.startMs === null || call.startMs === startMs
  for (const call of journal.calls.values()) {
    const isWrong =
      (early.has(call.id) && !first.has(call.id) && !inHour(call, boundaryMs - HOUR_MS)) ||
      (!late.has(call.id) && !inHour(call, boundaryMs))
    if (isWrong) judged.problems.push(`${call.id} was counted in the hour of ${call.startMs}`)
  }
  const used = await hoursOf(place)
  for (const { sum } of used)
    if (sum > capCalls * HOLD_NANO) judged.problems.push(`an hour counts ${sum} over its cap`)
  if (used.length < 2) judged.problems.push("the hour did not end")
  return { ...judged, note: `hosts 9.9 min off; ${used.length} hours, none over its cap` }
}

/**
 * The store's clock jumps ahead and back, by less than ten minutes and by more. Within, calls go on; beyond, the
 * store is not to be trusted; and when it is back, each call has counted once.
 *
 * @param options `store`, `url`
 */
export const jumpingStore = async ({ store, url }) => {
  const capCalls = 100_000
  const place = placeAt(store, url)
  const journal = newJournal()
  let jumpMs = 0
  const settings = { name: "a", policy: { capCalls }, deadlineMs: 5_000, thinkMs: 40 }
  const nowMs = () => Date.now() + jumpMs
  const host = startHost(openStore(place, { nowMs }), settings, journal.of("a"))
  const seen = []
  for (const minutes of [0, 8, -8, 11, 0, -11, 0]) {
    jumpMs = minutes * MINUTE_MS
    if (Math.abs(minutes) < 10) await host.back()
    const load = host.calls(40, 4)
    await load
    const last = await host.one()
    seen.push({ minutes, isRefused: last === "store-unavailable" })
  }
  await host.back()
  await host.stop()
  const judged = await judgeAt(place, journal, { capCalls })
  for (const { minutes, isRefused } of seen)
    if (isRefused !== Math.abs(minutes) > 10)
      judged.problems.push(`${minutes} minutes off: refused is ${isRefused}`)
  return { ...judged, note: "jumps of 8 min go on, of 11 min are refused" }
}

/** A clock that reaches a full hour so many real milliseconds from now. */
const clockAt = (beforeMs) => {
  const boundaryMs = Math.ceil(Date.now() / HOUR_MS) * HOUR_MS
  const offsetMs = boundaryMs - beforeMs - Date.now()
  return Object.assign(() => Date.now() + offsetMs, { boundaryMs })
}

const hoursOf = async (place) => {
  const store = openStore(place)
  try {
    const { accounts } = await readAll(store)
    const meters = accounts.find(({ key }) => key === ALL)?.meters ?? []
    return meters.map(({ settled, held }) => ({ sum: settled + held }))
  } finally {
    await store.close()
  }
}
