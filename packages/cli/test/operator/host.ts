import {
  createSpendfuse,
  decodePolicy,
  type Notifier,
  type Spendfuse,
  type Store,
} from "@spendfuse/core"

/** Each key is a division of its own, so that a Cluster may keep it too. */
const decoded = decodePolicy({
  partitionBy: "apiKey",
  budgets: [
    {
      id: "day",
      per: ["apiKey"],
      limit: { usd: 10 },
      window: "month",
      tiers: [
        { at: "80%", notify: ["chat"] },
        { at: "100%", latch: true, notify: ["pager"], message: "stop and look" },
      ],
    },
    {
      id: "roll",
      per: ["apiKey"],
      limit: { tokens: 1_000 },
      window: { sliding: "1h" },
      tiers: [{ at: "100%", trip: { coolDown: "1h" }, notify: ["chat"] }],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
})
if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems))
const { policy } = decoded

/** A dollar, in nano-USD. */
export const DOLLAR = 1_000_000_000

/** Tells nobody: what it writes waits in the outbox for the shell. */
const nobody: Notifier = { name: "nobody", deliver: () => new Promise(() => undefined) }

/** Runs a host on a store that it closes; its dispatcher finds nothing. */
export const withHost = async <Result>(
  store: Store,
  work: (spendfuse: Spendfuse) => Promise<Result>,
): Promise<Result> => {
  const silent: Store = { ...store, claim: async () => [] }
  const spendfuse = createSpendfuse({
    policy,
    store: silent,
    notifiers: { chat: nobody, pager: nobody },
    onNotice: () => undefined,
    waitMs: 0,
    storeDeadlineMs: 5_000,
  })
  try {
    return await work(spendfuse)
  } finally {
    await spendfuse.close()
  }
}

/** Spends, and says whether it was let. */
export const spend = async (
  spendfuse: Spendfuse,
  apiKey: string,
  usd: number,
  tokens = 0,
): Promise<boolean | string> => {
  const amounts = { usd: usd * DOLLAR, tokens }
  const decision = await spendfuse.reserve({ subject: { apiKey }, amounts })
  if (!decision.allowed) return decision.reason
  await decision.settle({ amounts })
  return true
}
