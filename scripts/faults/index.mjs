// Every fault there is, each as a test runs it and as a night runs it.
import { jumpingStore, skewedHosts } from "./clocks.mjs"
import { failover } from "./failover.mjs"
import { harmedLine } from "./harmedLine.mjs"
import { hostKilled, leaseholderKilled } from "./hostKilled.mjs"
import { placeAt } from "./places.mjs"
import { diskFull, memoryFull, scriptBusy } from "./refused.mjs"
import { powerCut, serverKilled } from "./serverKilled.mjs"
import { storeDown } from "./storeDown.mjs"

const ALL_KEPT = "keeps all it answered"
const REFUSES = "refuses, keeps all it answered"
const RULES = ["deny", "allow", "degrade"]

/**
 * By store: what befalls it, what its server promises then, and how it is run.
 * `run({ url, times, seed })`: on the server at `url`, or on one of its own where it must be harmed; `times` is 1
 * in a test and more at night. `atNight`: it takes too long for every test run, or shows little that another does
 * not.
 */
export const faultsOf = (store) => [
  ...(store === "redis" ? REDIS : POSTGRES),
  fault("a host is killed between reserve and settle", ALL_KEPT, ({ url, times, seed }) =>
    hostKilled({ place: placeAt(store, url), kills: 2 * times, seed }),
  ),
  ...[false, true].map((isNearCap) => leaseFault(store, isNearCap)),
  fault("the line drops, delays, doubles, cuts off", ALL_KEPT, ({ url, times, seed }) =>
    harmedLine({ store, url, seed, calls: 100 * times }),
  ),
  fault("the disk is full", REFUSES, () => diskFull({ store })),
  ...RULES.flatMap((rule) => ["silent", "late"].map((how) => downFault(store, rule, how))),
  {
    ...fault("a deadline of 80 ms", ALL_KEPT, ({ url, times }) =>
      storeDown({ store, url, rule: "deny", how: "silent", deadlineMs: 80, calls: 40 * times }),
    ),
    atNight: store === "postgres",
  },
  {
    ...fault("hosts are 9.9 minutes off", ALL_KEPT, ({ url }) => skewedHosts({ store, url })),
    atNight: store === "postgres",
  },
  {
    ...fault("the store's clock jumps", ALL_KEPT, ({ url }) => jumpingStore({ store, url })),
    atNight: store === "redis",
  },
]

const fault = (name, promise, run) => ({ name, promise, run, atNight: false })

/** In the tests: the cap reached, on Redis. */
const leaseFault = (store, isNearCap) => {
  const where = isNearCap ? ", the cap reached" : ""
  return {
    ...fault(`a host that holds slices is killed${where}`, ALL_KEPT, ({ url, times, seed }) =>
      leaseholderKilled({ place: placeAt(store, url), kills: times, seed, isNearCap }),
    ),
    atNight: store === "postgres" || !isNearCap,
  }
}

const downFault = (store, rule, how) => ({
  ...fault(`the store is ${how}: \`${rule}\``, ALL_KEPT, ({ url, times }) =>
    storeDown({ store, url, rule, how, calls: 40 * times }),
  ),
  atNight: !IN_TESTS[store].includes(`${rule} ${how}`),
})

const IN_TESTS = {
  redis: ["deny silent", "allow late"],
  postgres: ["deny late", "degrade silent"],
}

const REDIS = [
  fault("kill -9, `appendfsync always`", ALL_KEPT, ({ times }) =>
    serverKilled({ store: "redis", aof: "always", kills: times }),
  ),
  {
    ...fault(
      "kill -9, `appendfsync everysec`",
      "loses what it answered during a sync",
      ({ times }) => serverKilled({ store: "redis", aof: "everysec", kills: times }),
    ),
    atNight: true,
  },
  fault("power cut, `appendfsync everysec`", "loses the last second", ({ times }) =>
    powerCut({ kills: times }),
  ),
  fault("failover to a replica cut off 0.3 s before", "loses what it missed", () =>
    failover({ lagMs: 300 }),
  ),
  fault("`maxmemory` is reached", REFUSES, () => memoryFull()),
  fault("a script keeps it busy", REFUSES, () => scriptBusy()),
]

const POSTGRES = [
  fault("kill -9 of all its processes", ALL_KEPT, ({ times }) =>
    serverKilled({ store: "postgres", kills: times }),
  ),
]
