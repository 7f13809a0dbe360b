// kill -9 of a host between reserve and settle, again and again.
import { setTimeout as sleep } from "node:timers/promises"
import { randomOf } from "../random.mjs"
import { until } from "../servers/ports.mjs"
import { expireAll } from "./expireAll.mjs"
import { forkHost } from "./forked.mjs"
import { newJournal } from "./journal.mjs"
import { judge, readAll } from "./judge.mjs"
import { openStore } from "./places.mjs"
import { ALL, HOLD_NANO } from "./policy.mjs"

const HOLD_MS = 1_500

/**
 * Three hosts make calls; one after the other is killed and replaced. What a dead host held counts until its
 * hold expires, and then as spent.
 *
 * @param options `place`, `kills`, `seed`
 */
export const hostKilled = async ({ place, kills, seed }) => {
  const capCalls = 150 * (kills + 2)
  const journal = newJournal()
  const settings = { policy: { capCalls }, holdMs: HOLD_MS, thinkMs: 200 }
  await runKilling({ place, kills, seed, settings, journal, width: 8, isLongEnough: () => true })
  const store = openStore(place)
  try {
    const held = await judge(store, journal, { capCalls })
    await sleep(HOLD_MS + 300)
    await expireAll(store, settings)
    const expired = await judge(store, journal, { capCalls })
    const judged = { ...expired, problems: [...held.problems, ...expired.problems] }
    const dead = [...journal.calls.values()].filter(
      ({ isDead, state }) => isDead && (state === "admitted" || state === "spent"),
    )
    const { accounts } = await readAll(store)
    if (accounts.some(({ meters }) => meters.some(({ held }) => held > 0)))
      judged.problems.push("a dead host still holds after its holds have expired")
    if (dead.length === 0) judged.problems.push("no call ran when its host was killed")
    return { ...judged, note: `${kills} kills, ${dead.length} calls cut` }
  } finally {
    await store.close()
  }
}

/**
 * The same with hosts that decide on slices: what the dead one held counts until it expires, then what its
 * calls may have cost, and never is more spent than the cap.
 *
 * @param options `place`, `kills`, `seed`, `isNearCap`: whether it is reached
 */
export const leaseholderKilled = async ({ place, kills, seed, isNearCap }) => {
  const capCalls = isNearCap ? 1_500 * kills : 10_000 * (kills + 2)
  const journal = newJournal()
  const lease = { share: "10%", for: "2s" }
  const settings = {
    policy: { capCalls, lease, isEach: false },
    holdMs: HOLD_MS,
    thinkMs: isNearCap ? 20 : 100,
  }
  const isLongEnough = () => !isNearCap || isUsedUp(journal)
  await runKilling({ place, kills, seed, settings, journal, width: 16, isLongEnough })
  const store = openStore(place)
  try {
    const before = await metered(store)
    await sleep(2_500)
    await expireAll(store, settings)
    const after = await metered(store)
    return leaseFigures({ journal, capCalls, kills, isNearCap, before, after })
  } finally {
    await store.close()
  }
}

const leaseFigures = ({ journal, capCalls, kills, isNearCap, before, after }) => {
  const calls = [...journal.calls.values()]
  const spentNano = calls.reduce((sum, { actual }) => sum + actual, 0)
  const capNano = capCalls * HOLD_NANO
  const problems = []
  if (!isNearCap && before.held === 0) problems.push("the dead hosts held no slice")
  if (isNearCap && before.settled < 0.9 * capNano) problems.push("the cap was not reached")
  if (after.held > 0) problems.push("a dead host's slice did not expire")
  for (const { settled, held } of [before, after]) {
    if (settled + held > capNano) problems.push(`${settled + held} is over the cap of ${capNano}`)
    if (settled + held < spentNano) problems.push(`${spentNano} was spent, ${settled} is counted`)
  }
  if (spentNano > capNano) problems.push(`${spentNano} was spent under a cap of ${capNano}`)
  return {
    calls: calls.length,
    acknowledged: calls.filter(({ state }) => state === "settled").length,
    lost: 0,
    unposted: 0,
    spentNano,
    lostNano: 0,
    overCapNano: Math.max(0, spentNano - capNano),
    tooMuchNano: after.settled - spentNano,
    problems,
    note: `${kills} kills; held by the dead: ${before.held} nano-USD`,
  }
}

const isUsedUp = ({ calls }) =>
  [...calls.values()].some(({ reason }) => reason === "exhausted" || reason === "too-large")

const metered = async (store) => {
  const { accounts } = await readAll(store)
  const meters = accounts.find(({ key }) => key === ALL)?.meters ?? []
  const sum = (name) => meters.reduce((total, meter) => total + meter[name], 0)
  return { settled: sum("settled"), held: sum("held") }
}

const runKilling = async ({ place, kills, seed, settings, journal, width, isLongEnough }) => {
  const random = randomOf(seed)
  let born = 0
  const start = async () => {
    born += 1
    const host = await forkHost(
      place,
      { ...settings, name: `h${born}`, seed: seed + born },
      journal,
    )
    return { host, making: host.calls(1_000_000, width) }
  }
  const hosts = [await start(), await start(), await start()]
  for (let killed = 0; killed < kills; killed += 1) {
    await until("hosts that are answered", () => areAnswered(hosts, journal))
    await sleep(100 + random() * 150)
    const at = Math.floor(random() * hosts.length)
    await hosts[at].host.kill()
    hosts[at] = await start()
  }
  await until("hosts that are answered", () => areAnswered(hosts, journal))
  await sleep(200)
  await until("the end of the budget", isLongEnough)
  await Promise.all(hosts.map(({ host }) => host.kill()))
}

const areAnswered = (hosts, { calls }) => {
  const answered = [...calls.values()].filter(({ state }) => state !== "asked")
  return hosts.every(({ host }) => answered.some((call) => call.host === host.name))
}
