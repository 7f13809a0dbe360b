// A host under chaos: makes events while it is told to, and delivers what is due, as every host does.
import { createSpendfuse, definePolicy } from "@spendfuse/core"

/** Who hears of each event. */
export const CHANNELS = ["slack", "pager"]
/** As many accounts share the events. */
export const ACCOUNTS = 100

/**
 * Opens a host on a store. Each call passes one level of its account: it makes one event for every channel.
 *
 * @param url where the channels listen
 * @param killed aborts where the host dies in a process that lives on: its connections end as a dead process's do
 * @returns `make(n)` makes n events; `stop()` delivers what it can and closes
 */
export const startHost = (store, url, killed = NEVER) => {
  const spendfuse = createSpendfuse({
    policy,
    store,
    notifiers: Object.fromEntries(CHANNELS.map((name) => [name, channel(name, url, killed)])),
    onNotice: () => undefined,
    storeDeadlineMs: 5_000,
    waitMs: 0,
  })
  return {
    make: async (events, firstAccount = 0) => {
      for (let at = 0; at < events; at += AT_ONCE) {
        await Promise.all(
          Array.from({ length: Math.min(AT_ONCE, events - at) }, (_, i) =>
            makeOne(spendfuse, `key-${(firstAccount + at + i) % ACCOUNTS}`),
          ),
        )
      }
    },
    stop: () => spendfuse.close(),
  }
}

const NEVER = new AbortController().signal
const AT_ONCE = 25

/** The cap is far away: what is on trial is the way of an event to its people. */
const policy = definePolicy({
  budgets: [
    {
      id: "key",
      per: ["apiKey"],
      limit: { requests: 1_000 },
      window: "lifetime",
      tiers: [
        { at: "0.1%", repeat: "0.1%", notify: CHANNELS },
        { at: "100%", block: true },
      ],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
})

const makeOne = async (spendfuse, apiKey) => {
  const decision = await spendfuse.reserve({ subject: { apiKey }, amounts: { requests: 1 } })
  if (decision.allowed) await decision.settle({ amounts: { requests: 1 } })
}

/** Posts the ids, and believes nothing but a 2xx. */
const channel = (name, url, killed) => ({
  name,
  deliver: async (events, signal) => {
    const body = JSON.stringify(events.map(({ id, account }) => ({ id, account })))
    const either = AbortSignal.any([signal, killed])
    const answer = await fetch(`${url}/${name}`, { method: "POST", body, signal: either })
    await answer.arrayBuffer()
    if (answer.ok) return
    const after = Number(answer.headers.get("retry-after") ?? Number.NaN)
    throw Object.assign(new Error(`the channel answered ${answer.status}`), {
      retryable: true,
      retryAfterMs: Number.isNaN(after) ? null : after * 1_000,
    })
  },
})
