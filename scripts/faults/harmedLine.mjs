// A proxy between hosts and their store that drops, delays, duplicates, and cuts answers off, by a seed.
import { planBySeed, startProxy } from "../servers/index.mjs"
import { startHost } from "./host.mjs"
import { newJournal } from "./journal.mjs"
import { judge } from "./judge.mjs"
import { openStore, placeAt } from "./places.mjs"

const CHANCES = { drop: 0.02, delay: 0.03, duplicate: 0.05, cut: 0.02, stall: 0.03 }

/**
 * Two hosts make calls through it. What was asked without an answer is asked again under its number: in the
 * end each call counts once, and exactly.
 *
 * @param options `store`, `url`, `seed`, `calls` of each host, `onStoreUnavailable`
 */
export const harmedLine = async ({ store, url, seed, calls, onStoreUnavailable = "deny" }) => {
  // Half a hold is spent by each on average: the cap is reached before the end.
  const capCalls = Math.ceil(0.8 * calls)
  const place = placeAt(store, url)
  const proxy = await startProxy({ url })
  const journal = newJournal()
  try {
    const through = { ...place, url: proxy.url }
    const policy = { capCalls, onStoreUnavailable }
    const hosts = ["a", "b"].map((name, at) =>
      startHost(
        openStore(through),
        { name, seed: seed + at, policy, thinkMs: 10 },
        journal.of(name),
      ),
    )
    await Promise.all(hosts.map((host) => host.back()))
    proxy.setPlan(planBySeed({ seed, chances: CHANCES, ms: 300 }))
    await Promise.all(hosts.map((host) => host.calls(calls, 6)))
    proxy.setPlan()
    await Promise.all(hosts.map((host) => host.back()))
    await Promise.all(hosts.map((host) => host.stop()))
    const judged = await judgeAt(place, journal, { capCalls })
    const kinds = new Set(proxy.happened.map(({ kind }) => kind))
    if (kinds.size < 3) judged.problems.push(`only ${[...kinds].join(", ")} happened`)
    return { ...judged, note: `${proxy.happened.length} faults on the line` }
  } finally {
    await proxy.stop()
  }
}

/** By a way in that nothing harms. */
export const judgeAt = async (place, journal, options) => {
  const store = openStore(place)
  try {
    return await judge(store, journal, options)
  } finally {
    await store.close()
  }
}
